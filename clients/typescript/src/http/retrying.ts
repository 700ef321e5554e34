/**
 * A fetch that repeats a request where that is safe and may help.
 *
 * Safe: a method that is idempotent by itself (RFC 9110, 9.2.2), a start of a job with an Idempotency-Key, and two POSTs
 * that the library documents as repeatable. May help: no response, 502, 503 or 504, and 429 with Retry-After, unless the
 * reason is the user's own number of active jobs: that may last for minutes, so the caller decides.
 */
import { retryAfterSeconds } from "./problems.js";
import { backoffSeconds, sleep } from "./waiting.js";

export type Fetch = (request: Request) => Promise<Response>;

export interface RetryOptions {
  /** How often a request is repeated at most. */
  retries?: number;
  /** A response that asks for a longer pause is not waited for: it is thrown as a problem. */
  maxDelaySeconds?: number;
}

const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "PATCH", "DELETE"]);
const REPEATABLE_POST = /\/(sources\/[^/]+\/confirm|projects\/[^/]+\/cancel)$/;
const TOO_MANY_JOBS = "urn:editai:problem:too-many-jobs";

export function retrying(
  fetch: Fetch,
  { retries = 4, maxDelaySeconds = 30 }: RetryOptions = {},
): Fetch {
  return async (request) => {
    const limit = isRepeatable(request) ? retries : 0;
    for (let failures = 1;; failures++) {
      const outcome = await attempt(fetch, request);
      const delay = failures > limit ? null : await delayAfter(outcome, failures);
      if (delay === null || delay > maxDelaySeconds) return settled(outcome, request, failures);
      if (outcome instanceof Response) await outcome.body?.cancel();
      await sleep(delay, request.signal);
    }
  };
}

export function isRepeatable(request: Request): boolean {
  return IDEMPOTENT.has(request.method) || request.headers.has("Idempotency-Key") ||
    REPEATABLE_POST.test(new URL(request.url).pathname);
}

/** A response, or why there is none. */
type Outcome = Response | { error: unknown };

async function attempt(fetch: Fetch, request: Request): Promise<Outcome> {
  request.signal.throwIfAborted();
  try {
    return await fetch(request.clone());
  } catch (error) {
    request.signal.throwIfAborted();
    return { error };
  }
}

/** The seconds to wait before a repeat; null if a repeat cannot help. */
async function delayAfter(outcome: Outcome, failures: number): Promise<number | null> {
  if (!(outcome instanceof Response)) return backoffSeconds(failures);
  const asked = retryAfterSeconds(outcome);
  if (outcome.status === 429) return await isJobLimit(outcome) ? null : asked;
  return [502, 503, 504].includes(outcome.status) ? asked ?? backoffSeconds(failures) : null;
}

async function isJobLimit(response: Response): Promise<boolean> {
  const details: unknown = await response.clone().json().catch(() => null);
  return typeof details === "object" && details !== null && "type" in details &&
    details.type === TOO_MANY_JOBS;
}

/** The last outcome. A repeated DELETE that finds nothing has done its work at an attempt whose response was lost. */
function settled(outcome: Outcome, request: Request, attempts: number): Response {
  if (!(outcome instanceof Response)) throw outcome.error;
  const isDone = request.method === "DELETE" && outcome.status === 404 && attempts > 1;
  return isDone ? new Response(null, { status: 204 }) : outcome;
}
