// The functions of orval, with fetch.
import { cancel, generate, readProgress } from "../generated/orval/api";
import { authorization, story } from "./job";

const headers = { authorization, "content-type": "application/json" };

await story({
  async start(project, source) {
    const response = await generate(project, { source_id: source }, { headers });
    if (response.status !== 202) throw new Error(response.data.detail);
    return response.data.job.id;
  },
  async conflict(project, source) {
    const response = await generate(project, { source_id: source }, { headers });
    if (response.status !== 409) throw new Error(`not a conflict: ${response.status}`);
    return [response.data.type, response.data.job?.id];
  },
  async progress(project) {
    const response = await readProgress(project, { headers });
    if (response.status !== 200) throw new Error(`no progress: ${response.status}`);
    return response.data;
  },
  async cancel(project) {
    const response = await cancel(project, { headers });
    if (response.status !== 200) throw new Error(response.data.detail);
    return response.data.outcome;
  },
});
