/**
 * Follows a project's progress: by server-sent events, and by polling where these do not get through.
 *
 *   stream --event--> yield --end--> done
 *     |- breaks --> stream again, from the last event
 *     '- brought nothing --> one poll --> yield --> stream again
 *                              '- two streams brought nothing while polls succeed: only polls from then on
 *
 * A stream also breaks at its maximum age, and when the library restarts.
 */
import { check, type Http } from "../http/http.js";
import { Problem, retryAfterSeconds } from "../http/problems.js";
import { backoffSeconds, sleep } from "../http/waiting.js";
import type { CallOptions, Progress } from "../types.js";
import { eventsOf, SilentStream } from "./events.js";

/** The library sends a comment more often than this, so a longer silence is a fault of the line. */
const SILENCE_SECONDS = 45;
const POLL_SECONDS = 1;
const MAX_BARREN_STREAMS = 2;

export interface FollowOptions extends CallOptions {
  /** The longest time without a successful response; then the last error is thrown. */
  maxOutageSeconds?: number;
  /** Only poll, without events. */
  poll?: boolean;
}

/** What one event or response told; `progress` is null if it is what was told before. */
interface Told {
  progress: Progress | null;
  ended: boolean;
}

/** The two ways to hear of one project's progress, and what both need to remember. */
export class Follower {
  /** Streams that brought nothing, since one last did. */
  private barrenStreams: number;
  private failures = 0;
  private lastSuccess = Date.now();
  private retrySeconds = POLL_SECONDS;
  private lastEventId = "";
  private etag = "";
  private last = "";

  constructor(
    private readonly http: Http,
    private readonly projectId: string,
    private readonly options: FollowOptions,
  ) {
    this.barrenStreams = options.poll ? MAX_BARREN_STREAMS : 0;
  }

  /** Yields every change until the job has ended, including the last one. */
  async *follow(): AsyncGenerator<Progress, void, undefined> {
    for (;;) {
      let brought = false;
      for await (const { progress, ended } of this.stream()) {
        brought = true;
        if (progress !== null) yield progress;
        if (ended) return;
      }
      if (brought) {
        await sleep(this.retrySeconds, this.options.signal);
        continue;
      }
      const { progress, ended, delaySeconds } = await this.pollPatiently();
      if (progress !== null) yield progress;
      if (ended) return;
      await sleep(delaySeconds, this.options.signal);
    }
  }

  /** Yields until the stream ends or breaks. Whether the library is there at all is for the poll to find out. */
  private async *stream(): AsyncGenerator<Told> {
    if (this.barrenStreams >= MAX_BARREN_STREAMS) return;
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.lastEventId !== "") headers["Last-Event-ID"] = this.lastEventId;
      const response = await check(await this.request(headers));
      const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream");
      if (!isStream || response.body === null) return await response.body?.cancel();
      for await (const event of eventsOf(response.body, SILENCE_SECONDS)) {
        this.lastEventId = event.id;
        this.retrySeconds = event.retrySeconds ?? this.retrySeconds;
        this.noteSuccess();
        this.barrenStreams = 0;
        yield this.told(event.data, event.event);
      }
    } catch (error) {
      if (!this.isTransient(error)) throw error;
    }
  }

  /** Polls until the library responds; throws the last error once there was no response for too long. */
  private async pollPatiently(): Promise<Told & { delaySeconds: number }> {
    const { signal, maxOutageSeconds = 60 } = this.options;
    for (;;) {
      try {
        const told = await this.poll();
        this.noteSuccess();
        this.barrenStreams += 1;
        return told;
      } catch (error) {
        const isTooLong = Date.now() - this.lastSuccess > maxOutageSeconds * 1000;
        if (isTooLong || !this.isTransient(error)) throw error;
        this.failures += 1;
        const asked = error instanceof Problem ? error.retryAfterSeconds : null;
        await sleep(asked ?? backoffSeconds(this.failures), signal);
      }
    }
  }

  private async poll(): Promise<Told & { delaySeconds: number }> {
    const response = await this.request(this.etag === "" ? {} : { "If-None-Match": this.etag });
    const delaySeconds = retryAfterSeconds(response) ?? POLL_SECONDS;
    if (response.status === 304) return { progress: null, ended: false, delaySeconds };
    const data = await (await check(response)).text();
    this.etag = response.headers.get("ETag") ?? "";
    return { ...this.told(data), delaySeconds };
  }

  private request(headers: Record<string, string>): Promise<Response> {
    const url = `${this.http.url}/projects/${encodeURIComponent(this.projectId)}/progress`;
    const signal = this.options.signal ?? null;
    return this.http.once(new Request(url, { headers, cache: "no-store", signal }));
  }

  private told(data: string, event = ""): Told {
    const progress = JSON.parse(data) as Progress;
    const isNew = data !== this.last;
    this.last = data;
    return { progress: isNew ? progress : null, ended: event === "end" || hasEnded(progress) };
  }

  private noteSuccess(): void {
    [this.failures, this.lastSuccess] = [0, Date.now()];
  }

  private isTransient(error: unknown): boolean {
    if (this.options.signal?.aborted) return false;
    if (error instanceof Problem) {
      return error.retryAfterSeconds !== null || [502, 503, 504].includes(error.status);
    }
    // fetch reports a lost connection as a TypeError.
    return error instanceof TypeError || error instanceof SilentStream;
  }
}

/** Whether no job of the project is active. */
export function hasEnded(progress: Progress): boolean {
  return progress.job === null || !["queued", "running"].includes(progress.job.status);
}
