// `Prefer: wait=N` (RFC 7240), clipped to what an edge function can keep a caller waiting.

/** Well below the library's own maximum: an edge function must have answered after 150 seconds. */
export const MAX_WAIT_SECONDS = 120;

/** The seconds of the first `wait`, at most MAX_WAIT_SECONDS; null where there is none. */
export function preferredWait(prefer: string | null): number | null {
  for (const preference of (prefer ?? "").split(",")) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d+)"?\s*(?:;|$)/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), MAX_WAIT_SECONDS);
  }
  return null;
}
