/** Names for the bodies of the OpenAPI document. */
import type { components } from "./openapi.js";

type Schemas = components["schemas"];

export type Project = Schemas["ProjectResponse"];
export type Source = Schemas["SourceResponse"];
export type Upload = Schemas["UploadResponse"];
export type Clip = Schemas["ClipResponse"];
export type ClipChanges = Schemas["ClipUpdate"];
export type Export = Schemas["ExportResponse"];
export type ExportPreset = Schemas["ExportPreset"];
export type Job = Schemas["JobResponse"];
export type StartedJob = Schemas["StartedJob"];
export type JobAccepted = Schemas["JobAccepted"];
export type Cancellation = Schemas["CancelResponse"];
export type Progress = Schemas["ProgressResponse"];
export type RawClips = Schemas["GenerateFromSource"];
export type SegmentClips = Schemas["SegmentsParams"];
export type Render = Schemas["RenderRequest"];

/** What every call accepts: a signal that ends it. */
export interface CallOptions {
  signal?: AbortSignal;
}
