// Calls to the functions behind the edge functions: with a timeout, and with only safe response headers passed on.

import { Problem } from "./problem.ts";
import { setting } from "./settings.ts";

/**
 * The timeout of every call, in seconds. After 150 seconds without a response, Supabase ends a
 * request with its own error, which has no problem details and no CORS headers.
 */
export const MAX_CALL_SECONDS = 145;

const FORWARDED_HEADERS = [
  "cache-control",
  "content-type",
  "idempotency-replayed",
  "job-status",
  "location",
  "preference-applied",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "www-authenticate",
  "x-content-type-options",
];

interface Call {
  headers: HeadersInit;
  body?: string;
  /** The timeout, which covers the whole response. */
  seconds: number;
  /** Aborted when the caller disconnects. */
  signal: AbortSignal;
  /** The problem's detail after a timeout. */
  timeoutDetail: string;
}

/** Sends a POST request, and returns its response. */
export async function post(url: string, call: Call): Promise<Response> {
  const { seconds, signal, timeoutDetail, ...init } = call;
  const limit = AbortSignal.timeout(Math.min(seconds, MAX_CALL_SECONDS) * 1000);
  try {
    const response = await fetch(url, {
      ...init,
      method: "POST",
      // A redirect must not send the token to another host.
      redirect: "error",
      signal: AbortSignal.any([limit, signal]),
    });
    return new Response(await response.arrayBuffer(), {
      status: response.status,
      headers: FORWARDED_HEADERS.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value] satisfies [string, string]];
      }),
    });
  } catch (error) {
    if (limit.aborted) throw new Problem("upstream-timeout", timeoutDetail);
    // Log only the name: the message may contain the URL.
    console.error(`calling upstream failed: ${error instanceof Error ? error.name : "unknown"}`);
    throw upstreamUnreachable();
  }
}

/** The timeout of a call in seconds, without the caller's preferred wait. */
export function timeoutSeconds(defaultSeconds: number): number {
  return Number(setting("ANSWER_TIMEOUT_SECONDS", String(defaultSeconds)));
}

/** The problem for an upstream that cannot be reached or refuses this function's secret. */
export function upstreamUnreachable(): Problem {
  return new Problem("upstream-unreachable", "The service is not reachable. Try again later.", {
    headers: { "Retry-After": "5" },
  });
}
