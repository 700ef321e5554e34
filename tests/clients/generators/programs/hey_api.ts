// The functions of @hey-api/openapi-ts.
import { cancel, generate, readProgress } from "../generated/hey-api";
import { client } from "../generated/hey-api/client.gen";
import { authorization, settings, story } from "./job";

client.setConfig({ baseUrl: settings.origin, headers: { authorization } });
const start = (project_id: string, source_id: string) =>
  generate({ path: { project_id }, headers: { Prefer: "wait=0" }, body: { source_id } });

await story({
  async start(project, source) {
    const { data, error } = await start(project, source);
    if (!data) throw new Error(error.detail);
    return data.job.id;
  },
  async conflict(project, source) {
    const { error } = await start(project, source);
    if (error?.type !== "urn:editai:problem:project-busy") throw new Error(error?.detail);
    return [error.type, error.job?.id];
  },
  async progress(project_id) {
    const { data, error } = await readProgress({ path: { project_id } });
    if (!data) throw new Error(error?.detail);
    return data;
  },
  async cancel(project_id) {
    const { data, error } = await cancel({ path: { project_id } });
    if (!data) throw new Error(error.detail);
    return data.outcome;
  },
});
