// Maps a job to the library call that starts it, by its kind and its project or clip.

import { invalidRequest } from "../_shared/request.ts";

const PROJECT = { member: "project_id", pattern: /^[A-Za-z0-9_-]{1,64}$/ };
const CLIP = {
  member: "clip_id",
  pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
};

const KINDS = new Map([
  ["raw_clips", { on: PROJECT, path: (id: string) => `/projects/${id}/generate` }],
  ["segment_clips", {
    on: PROJECT,
    path: (id: string) => `/projects/${id}/generate-from-segments`,
  }],
  ["final_render", { on: CLIP, path: (id: string) => `/clips/${id}/render` }],
]);

/** A library call: its path below the base path, and its body. */
export interface Target {
  path: string;
  params: Record<string, unknown>;
}

/** The library call for a request's members. All members but the kind and the id are job parameters. */
export function target({ kind, ...members }: Record<string, unknown>): Target {
  const job = typeof kind === "string" ? KINDS.get(kind) : undefined;
  if (job === undefined) {
    const message = `Input should be one of ${[...KINDS.keys()].join(", ")}`;
    throw invalidRequest({ location: "body.kind", message });
  }
  const { [job.on.member]: id, ...params } = members;
  if (typeof id !== "string" || !job.on.pattern.test(id)) {
    const message = id === undefined ? "Field required" : "Input should be a valid id";
    throw invalidRequest({ location: `body.${job.on.member}`, message });
  }
  return { path: job.path(id), params };
}
