// start-job: starts a job for a signed-in user of the frontend.
//
//   POST {"kind": "raw_clips",     "project_id": …, "source_id": …, …}
//        {"kind": "segment_clips", "project_id": …, "segments": […], …}
//        {"kind": "final_render",  "clip_id": …,    "preset": …, …}
//
// It forwards the caller's token, Idempotency-Key and Prefer to the library, and returns the
// library's response: 202 with Location, 409 with Retry-After, or another problem. The library
// verifies the token and validates the parameters; a request without a token is refused here.

import { answered } from "../_shared/problem.ts";
import { bearerToken, jsonObject, requirePost } from "../_shared/request.ts";
import { setting } from "../_shared/settings.ts";
import { answerSeconds, posted } from "../_shared/upstream.ts";
import { open, preflight } from "./cors.ts";
import { preferredWait } from "./preference.ts";
import { target } from "./target.ts";

const PASSED_ON = ["authorization", "idempotency-key", "traceparent", "tracestate"];
const ANSWER_SECONDS = 25;
const LATE = "The library did not respond in time. The job may have started. " +
  "If you retry, send the same Idempotency-Key, so that the job starts only once.";

Deno.serve(async (request) => {
  if (request.method === "OPTIONS") return preflight();
  return open(await answered(() => startJob(request)));
});

async function startJob(request: Request): Promise<Response> {
  requirePost(request);
  bearerToken(request);
  const { path, params } = target(await jsonObject(request));
  const wait = preferredWait(request.headers.get("prefer"));
  return await posted(`${setting("LIBRARY_URL")}${path}`, {
    headers: headers(request, wait),
    body: JSON.stringify(params),
    seconds: answerSeconds(ANSWER_SECONDS) + (wait ?? 0),
    signal: request.signal,
    late: LATE,
  });
}

function headers(request: Request, wait: number | null): Headers {
  const headers = new Headers({ "Content-Type": "application/json" });
  for (const name of PASSED_ON) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (wait !== null) headers.set("Prefer", `wait=${wait}`);
  return headers;
}
