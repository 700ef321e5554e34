// `Prefer: wait=N` as RFC 7240 writes it, and as the library reads it.

import { strictEqual } from "node:assert/strict";
import { preferredWait } from "../../../supabase/functions/start-job/preference.ts";

const CASES: [string | null, number | null][] = [
  [null, null],
  ["", null],
  ["respond-async", null],
  ["wait=5", 5],
  ["wait=0", 0],
  ["WAIT = 5", 5],
  ['wait="5"', 5],
  ["respond-async, wait=5", 5],
  ["wait=5; foo=bar", 5],
  ["wait=5, wait=9", 5],
  ["wait=120", 120],
  ["wait=121", 120],
  ["wait=" + "9".repeat(400), 120],
  ["wait", null],
  ["wait=", null],
  ["wait=-1", null],
  ["wait=1.5", null],
  ["wait=soon", null],
  ["wait=5 minutes", null],
  ["waits=5", null],
  ["foo=wait=5", null],
];

for (const [prefer, seconds] of CASES) {
  const shown = prefer?.slice(0, 40) ?? "no header";
  Deno.test(`${shown} waits ${seconds ?? "not at all"}`, () => {
    strictEqual(preferredWait(prefer), seconds);
  });
}
