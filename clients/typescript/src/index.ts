/** A typed client for the EditAI library API. */
export { createClient, type EditAI } from "./client.js";
export type { FollowOptions } from "./follow/follow.js";
export { hasEnded } from "./follow/follow.js";
export type { HttpOptions, TokenProvider } from "./http/http.js";
export { JobNotCompleted, type StartOptions } from "./calls/jobs.js";
export type { components, operations, paths } from "./openapi.js";
export type { Page, PageOptions } from "./http/pages.js";
export * from "./http/problems.js";
export type { RetryOptions } from "./http/retrying.js";
export type * from "./types.js";
export { UploadExpired } from "./upload/errors.js";
export type { UploadStore } from "./upload/memory.js";
export type { UploadOptions, UploadProgress } from "./upload/upload.js";
