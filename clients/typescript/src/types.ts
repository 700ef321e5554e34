/** Names for the bodies of the OpenAPI document. */
import type { components, operations } from "./openapi.js";
import type { PageOptions } from "./http/pages.js";

type Schemas = components["schemas"];

export type Project = Schemas["Project"];
export type Source = Schemas["Source"];
export type Upload = Schemas["Upload"];
export type Clip = Schemas["Clip"];
export type ClipChanges = Schemas["ClipUpdate"];
export type Export = Schemas["Export"];
export type ExportPreset = Schemas["ExportPreset"];
export type Job = Schemas["Job"];
export type StartedJob = Schemas["StartedJob"];
export type JobAccepted = Schemas["JobAccepted"];
export type Cancellation = Schemas["Cancellation"];
export type Progress = Schemas["Progress"];
export type RawClips = Schemas["GenerateFromSource"];
export type SegmentClips = Schemas["GenerateFromSegments"];
export type Render = Schemas["RenderRequest"];
export type NewWebhook = Schemas["WebhookCreate"];
export type Webhook = Schemas["Webhook"];
export type CreatedWebhook = Schemas["WebhookCreated"];
export type WebhookSecret = Schemas["Secret"];
export type Delivery = Schemas["Delivery"];
/** What a webhook is told: the body of its request, once the signature has been verified. */
export type WebhookEvent = Schemas["WebhookPayload"];

/** Which jobs are listed. */
export type JobFilters = Omit<
  NonNullable<operations["list_jobs"]["parameters"]["query"]>,
  keyof PageOptions
>;

/** What every call accepts: a signal that ends it. */
export interface CallOptions {
  signal?: AbortSignal;
}
