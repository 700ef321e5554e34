// Calls of the functions behind these: with a time limit, and with no more of the answer than it is.

import { Problem } from "./problem.ts";
import { setting } from "./settings.ts";

/**
 * After this many seconds every call is given up. Supabase ends a request that has had no answer for
 * 150 seconds with an error of its own, which has no problem details and no CORS headers.
 */
export const LONGEST_CALL_SECONDS = 145;

const PASSED_ON = [
  "cache-control",
  "content-type",
  "location",
  "preference-applied",
  "retry-after",
  "www-authenticate",
  "x-content-type-options",
];

interface Call {
  headers: HeadersInit;
  body?: string;
  /** The time limit, which covers the whole answer. */
  seconds: number;
  /** Aborted when the caller has left. */
  signal: AbortSignal;
  /** What to tell a caller for whom no answer came in time. */
  late: string;
}

/** Posts, and answers with what is answered. */
export async function posted(url: string, call: Call): Promise<Response> {
  const { seconds, signal, late, ...init } = call;
  const limit = AbortSignal.timeout(Math.min(seconds, LONGEST_CALL_SECONDS) * 1000);
  try {
    const answer = await fetch(url, {
      ...init,
      method: "POST",
      // A token must not follow a redirect to where nobody meant it to go.
      redirect: "error",
      signal: AbortSignal.any([limit, signal]),
    });
    return new Response(await answer.arrayBuffer(), {
      status: answer.status,
      headers: PASSED_ON.flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value] satisfies [string, string]];
      }),
    });
  } catch (error) {
    if (limit.aborted) throw new Problem("upstream-timeout", late);
    // Only the name: a message may carry the address.
    console.error(`calling upstream failed: ${error instanceof Error ? error.name : "unknown"}`);
    throw unreachable();
  }
}

/** How long a call may take, in seconds, besides what its caller wants to wait. */
export function answerSeconds(usual: number): number {
  return Number(setting("ANSWER_TIMEOUT_SECONDS", String(usual)));
}

/** The refusal of a request whose upstream cannot take it now. */
export function unreachable(): Problem {
  return new Problem("upstream-unreachable", "The service is not reachable. Try again later.", {
    headers: { "Retry-After": "5" },
  });
}
