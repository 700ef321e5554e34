// start-job: starts a job for a signed-in user of the frontend.
//
//   POST {"kind": "raw_clips",     "project_id": …, "source_id": …, …}
//        {"kind": "segment_clips", "project_id": …, "segments": […], …}
//        {"kind": "final_render",  "clip_id": …,    "preset": …, …}
//
// It forwards the caller's token, Idempotency-Key and Prefer to the library, and returns the
// library's response: 202 with Location, 409 with Retry-After, or another problem. The library
// verifies the token and validates the parameters; a request without a token is refused here.

import { respond } from "../_shared/problem.ts";
import { bearerToken, jsonObject, requirePost } from "../_shared/request.ts";
import { setting } from "../_shared/settings.ts";
import { post, timeoutSeconds } from "../_shared/upstream.ts";
import { preflight, withCors } from "./cors.ts";
import { preferredWait } from "./preference.ts";
import { target } from "./target.ts";

const FORWARDED_HEADERS = ["authorization", "idempotency-key", "traceparent", "tracestate"];
const TIMEOUT_SECONDS = 25;
const TIMEOUT_DETAIL = "The library did not respond in time. The job may have started. " +
  "If you retry, send the same Idempotency-Key, so that the job starts only once.";

Deno.serve(async (request) => {
  if (request.method === "OPTIONS") return preflight();
  return withCors(await respond(() => startJob(request)));
});

async function startJob(request: Request): Promise<Response> {
  requirePost(request);
  bearerToken(request);
  const { path, params } = target(await jsonObject(request));
  const wait = preferredWait(request.headers.get("prefer"));
  return await post(`${setting("LIBRARY_URL")}${path}`, {
    headers: headers(request, wait),
    body: JSON.stringify(params),
    seconds: timeoutSeconds(TIMEOUT_SECONDS) + (wait ?? 0),
    signal: request.signal,
    timeoutDetail: TIMEOUT_DETAIL,
  });
}

function headers(request: Request, wait: number | null): Headers {
  const headers = new Headers({ "Content-Type": "application/json" });
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (wait !== null) headers.set("Prefer", `wait=${wait}`);
  return headers;
}
