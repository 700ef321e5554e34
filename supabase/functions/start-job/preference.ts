// `Prefer: wait=N` (RFC 7240), limited to what fits into an edge function's time limit.

/** Well below the library's own maximum, because an edge function must respond within 150 seconds. */
export const MAX_WAIT_SECONDS = 120;

/** The seconds of the first `wait`, at most MAX_WAIT_SECONDS; null without one. */
export function preferredWait(prefer: string | null): number | null {
  for (const preference of (prefer ?? "").split(",")) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d+)"?\s*(?:;|$)/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), MAX_WAIT_SECONDS);
  }
  return null;
}
