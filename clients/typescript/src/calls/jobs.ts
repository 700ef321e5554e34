import { Follower, type FollowOptions } from "../follow/follow.js";
import { data, type Http } from "../http/http.js";
import { everyItem, type Page, type PageOptions } from "../http/pages.js";
import type {
  CallOptions,
  Cancellation,
  Job,
  JobAccepted,
  JobFilters,
  Progress,
  RawClips,
  Render,
  SegmentClips,
} from "../types.js";

const PROJECT = "/api/v1/library/projects/{project_id}";
const ALL = "/api/v1/library/jobs";

export interface StartOptions extends CallOptions {
  /** One key for one job: repeating a start with its key starts no second job. A new one is made if it is left out. */
  idempotencyKey?: string;
  /** Wait up to so many seconds, at most 300, for a busy project. Without it, ProjectBusy is thrown at once. */
  waitSeconds?: number;
}

/** A job has ended without a result. `progress.job` has its status, and its error if it failed. */
export class JobNotCompleted extends Error {
  override readonly name = "JobNotCompleted";

  constructor(readonly progress: Progress) {
    const { job } = progress;
    const detail: unknown = job?.error?.["detail"];
    super(typeof detail === "string" ? detail : `The job is ${job?.status ?? "gone"}.`);
  }
}

/** Every start throws ProjectBusy if another job holds the project, and TooManyJobs if the user has too many. */
export class Jobs {
  constructor(private readonly http: Http) {}

  /** Starts raw clips of a source. */
  generate(projectId: string, body: RawClips, options: StartOptions = {}): Promise<JobAccepted> {
    const params = { path: { project_id: projectId } };
    return data(this.http.api.POST(`${PROJECT}/generate`, { params, body, ...started(options) }));
  }

  /** Starts clips of chosen segments. */
  generateFromSegments(
    projectId: string,
    body: SegmentClips,
    options: StartOptions = {},
  ): Promise<JobAccepted> {
    const params = { path: { project_id: projectId } };
    return data(
      this.http.api.POST(`${PROJECT}/generate-from-segments`, {
        params,
        body,
        ...started(options),
      }),
    );
  }

  /** Starts a final render of a clip for an export preset. */
  render(clipId: string, body: Render, options: StartOptions = {}): Promise<JobAccepted> {
    const params = { path: { clip_id: clipId } };
    return data(
      this.http.api.POST("/api/v1/library/clips/{clip_id}/render", {
        params,
        body,
        ...started(options),
      }),
    );
  }

  async progress(projectId: string, options: CallOptions = {}): Promise<Progress> {
    const params = { path: { project_id: projectId } };
    const told = await data(this.http.api.GET(`${PROJECT}/progress`, { params, ...options }));
    // Events, which are text, are sent only to a request that asks for them.
    return told as Progress;
  }

  /**
   * Yields every change of a project's progress until its job has ended, including the last one. It outlives restarts
   * and lost connections of up to a minute.
   */
  follow(
    projectId: string,
    options: FollowOptions = {},
  ): AsyncGenerator<Progress, void, undefined> {
    return new Follower(this.http, projectId, options).follow();
  }

  /** Waits until the project's job has completed, and returns its last progress. Throws JobNotCompleted otherwise. */
  async wait(projectId: string, options: FollowOptions = {}): Promise<Progress> {
    let last: Progress | undefined;
    for await (const progress of this.follow(projectId, options)) last = progress;
    if (last === undefined) throw new Error("the library told no progress");
    if (last.job?.status !== "completed") throw new JobNotCompleted(last);
    return last;
  }

  /** One page of your jobs, newest first: of all projects or of one, by status and kind. */
  list({ signal, ...query }: JobFilters & PageOptions & CallOptions = {}): Promise<Page<Job>> {
    return data(this.http.api.GET(ALL, { params: { query }, ...(signal && { signal }) }));
  }

  all(options: JobFilters & CallOptions = {}): AsyncGenerator<Job, void, undefined> {
    return everyItem((page) => this.list({ ...page, ...options }));
  }

  /** One job: its status, attempts, and its result or error. */
  get(jobId: string, options: CallOptions = {}): Promise<Job> {
    const params = { path: { job_id: jobId } };
    return data(this.http.api.GET(`${ALL}/{job_id}`, { params, ...options }));
  }

  /** Cancels the active job of a project. */
  cancel(projectId: string, options: CallOptions = {}): Promise<Cancellation> {
    return data(
      this.http.api.POST(`${PROJECT}/cancel`, {
        params: { path: { project_id: projectId } },
        ...options,
      }),
    );
  }
}

function started({ signal, idempotencyKey, waitSeconds }: StartOptions): {
  headers: Record<string, string>;
  signal?: AbortSignal;
} {
  const headers: Record<string, string> = { "Idempotency-Key": idempotencyKey ?? randomKey() };
  if (waitSeconds) headers["Prefer"] = `wait=${waitSeconds}`;
  return { headers, ...(signal && { signal }) };
}

/** crypto.randomUUID exists only in secure contexts, which a page of a machine in the local network is not. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
