/** Names for the bodies of the OpenAPI document. */
import type { components } from "./openapi.js";

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

/** What every call accepts: a signal that ends it. */
export interface CallOptions {
  signal?: AbortSignal;
}
