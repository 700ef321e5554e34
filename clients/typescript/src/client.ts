import { Clips, Exports } from "./calls/clips.js";
import { createHttp, type Http, type HttpOptions } from "./http/http.js";
import { Jobs } from "./calls/jobs.js";
import { Projects } from "./calls/projects.js";
import { Sources } from "./calls/sources.js";
import { Webhooks } from "./calls/webhooks.js";

/** A client for one library and one caller. */
export interface EditAI {
  readonly projects: Projects;
  readonly sources: Sources;
  readonly jobs: Jobs;
  readonly clips: Clips;
  readonly exports: Exports;
  readonly webhooks: Webhooks;
  /** Every call of the OpenAPI document, typed, with the token and the retries, for what no group offers. */
  readonly api: Http["api"];
}

export function createClient(options: HttpOptions): EditAI {
  const http = createHttp(options);
  return {
    projects: new Projects(http),
    sources: new Sources(http),
    jobs: new Jobs(http),
    clips: new Clips(http),
    exports: new Exports(http),
    webhooks: new Webhooks(http),
    api: http.api,
  };
}
