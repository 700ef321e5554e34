// The types of openapi-typescript, with openapi-fetch.
import createClient from "openapi-fetch";
import type { paths } from "../generated/openapi-typescript/schema";
import { authorization, settings, story } from "./job";

const client = createClient<paths>({ baseUrl: settings.origin, headers: { authorization } });
const generate = (project_id: string, source_id: string) =>
  client.POST("/api/v1/library/projects/{project_id}/generate", {
    params: { path: { project_id }, header: { Prefer: "wait=0" } },
    body: { source_id, variant_count: 3 },
  });

await story({
  async start(project, source) {
    const { data, error } = await generate(project, source);
    if (!data) throw new Error(error.detail);
    return data.job.id;
  },
  async conflict(project, source) {
    const { error } = await generate(project, source);
    if (error?.type !== "urn:editai:problem:project-busy") throw new Error(error?.detail);
    return [error.type, error.job?.id];
  },
  async progress(project_id) {
    const { data, error } = await client.GET("/api/v1/library/projects/{project_id}/progress", {
      params: { path: { project_id } },
    });
    if (!data) throw new Error(error?.detail);
    return data;
  },
  async cancel(project_id) {
    const { data, error } = await client.POST("/api/v1/library/projects/{project_id}/cancel", {
      params: { path: { project_id } },
    });
    if (!data) throw new Error(error.detail);
    return data.outcome;
  },
});
