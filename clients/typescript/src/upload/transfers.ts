/** Sends a file by steps that can be repeated, until storage has it. */
import { Problem, problemOf } from "../http/problems.js";
import { backoffSeconds, sleep } from "../http/waiting.js";
import { UploadExpired } from "./errors.js";
import { asResponse, send, type Sending, type Sent } from "./send.js";

export interface Transfer {
  isComplete(): boolean;
  /** Does the next request. Throws TryAgain or a TypeError if it should be repeated. */
  step(): Promise<void>;
}

/** Storage could not take a request, but may take it later. */
export class TryAgain extends Error {
  override readonly name = "TryAgain";

  constructor(readonly status: number, problem: Problem) {
    super(problem.message, { cause: problem });
  }
}

/** 409 and 423: storage still works on an earlier request for the same file. */
const TRANSIENT = [409, 423, 429, 500, 502, 503, 504];
const GONE = [400, 401, 403, 404, 410];

/** Repeats failed steps with exponential backoff, until `retries` in a row have failed. */
export async function complete(
  transfer: Transfer,
  retries: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let failures = 0; !transfer.isComplete();) {
    try {
      await transfer.step();
      failures = 0;
    } catch (error) {
      signal?.throwIfAborted();
      const isTransient = error instanceof TypeError || error instanceof TryAgain;
      failures += 1;
      if (!isTransient || failures > retries) throw error;
      await sleep(backoffSeconds(failures), signal);
    }
  }
}

/** One request. Throws what an error response means for the upload: TryAgain, UploadExpired or a Problem. */
export async function request(sending: Sending): Promise<Sent> {
  const response = await send(sending);
  if (response.status >= 200 && response.status < 300) return response;
  const problem: Problem = problemOf(asResponse(response), response.text);
  if (TRANSIENT.includes(response.status)) throw new TryAgain(response.status, problem);
  if (GONE.includes(response.status)) throw new UploadExpired(problem.message, { cause: problem });
  throw problem;
}
