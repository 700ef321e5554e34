/**
 * The library's errors as classes.
 *
 * Every response that is not a success is a `Problem` with the members of its problem details (RFC 9457). The kinds that
 * a program usually treats by themselves have a class of their own, found by the problem's `type`.
 */
import type { components } from "../openapi.js";

type Schemas = components["schemas"];

/** What the library's problem details contain; some types add members. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  [member: string]: unknown;
}

/** An error response. `message` is written for people, `type` is stable and meant for programs. */
export class Problem<Details extends ProblemDetails = ProblemDetails> extends Error {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** All members of the problem details, also those that only this type has. */
  readonly details: Details;
  /** The seconds to wait before a retry; null if the response has no Retry-After. */
  readonly retryAfterSeconds: number | null;

  constructor(details: Details, retryAfterSeconds: number | null) {
    super(details.detail);
    this.name = new.target.name;
    this.type = details.type;
    this.title = details.title;
    this.status = details.status;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

type Details<Name extends keyof Schemas> = Schemas[Name] & ProblemDetails;

/** 409: a job holds the project. `job` is that job, null if the holder is not a job. */
export class ProjectBusy extends Problem<Details<"ProjectBusyProblem">> {
  get job(): { id: string; kind: string } | null {
    return this.details.job;
  }

  get leaseExpiresAt(): Date | null {
    const time = this.details.lease_expires_at;
    return time === null ? null : new Date(time);
  }
}

/** 429: the user already has the maximum of active jobs. */
export class TooManyJobs extends Problem<Details<"TooManyJobsProblem">> {
  get maxActiveJobs(): number {
    return this.details.max_active_jobs;
  }
}

/** 429: a limit other than that of active jobs, such as job starts a minute. */
export class LimitReached extends Problem<Details<"LimitReachedProblem">> {
  get limit(): Details<"LimitReachedProblem">["limit"] {
    return this.details.limit;
  }

  get maximum(): number {
    return this.details.maximum;
  }
}

/** 422: the file cannot be used; `reason` says why, for programs. */
export class UnusableVideo extends Problem<Details<"UnusableVideoProblem">> {
  get reason(): Details<"UnusableVideoProblem">["reason"] {
    return this.details.reason;
  }
}

/** 422: the request does not match its schema; `errors` lists what is wrong with it. */
export class InvalidRequest extends Problem<Details<"InvalidRequestProblem">> {
  get errors(): { location: string; message: string }[] {
    return this.details.errors;
  }
}

/** 401: the token is missing, invalid or has expired. */
export class Unauthenticated extends Problem {}

/** 403: the token does not allow the request. */
export class Forbidden extends Problem {}

/** 404: there is no such resource, or it belongs to another user. */
export class NotFound extends Problem {}

/** 413: the request or the file is over a size limit. */
export class PayloadTooLarge extends Problem {}

/** 503: the service is temporarily unavailable, and was so at each retry. */
export class Unavailable extends Problem {}

type ProblemClass = new (details: never, retryAfterSeconds: number | null) => Problem;

const BY_TYPE: Readonly<Record<string, ProblemClass>> = {
  "urn:editai:problem:project-busy": ProjectBusy,
  "urn:editai:problem:too-many-jobs": TooManyJobs,
  "urn:editai:problem:limit-reached": LimitReached,
  "urn:editai:problem:unusable-video": UnusableVideo,
  "urn:editai:problem:invalid-request": InvalidRequest,
};

const BY_STATUS: Readonly<Record<number, ProblemClass>> = {
  401: Unauthenticated,
  403: Forbidden,
  404: NotFound,
  413: PayloadTooLarge,
  503: Unavailable,
};

/** The problem of an error response, from its body as text. A body that is not problem details, as of a gateway, is not shown. */
export function problemOf(response: Response, body: string): Problem {
  const details = parsed(body) ?? {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: `HTTP ${response.status} ${response.statusText}`.trim(),
  };
  const Kind = BY_TYPE[details.type] ?? BY_STATUS[response.status] ?? Problem;
  return new Kind(details as never, retryAfterSeconds(response));
}

/** The seconds of a Retry-After header, also when it is a date; null without one. */
export function retryAfterSeconds(response: Response): number | null {
  const value = response.headers.get("Retry-After");
  if (value === null) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

function parsed(body: string): ProblemDetails | null {
  try {
    const value: unknown = JSON.parse(body);
    return isDetails(value) ? value : null;
  } catch {
    return null;
  }
}

function isDetails(value: unknown): value is ProblemDetails {
  if (typeof value !== "object" || value === null) return false;
  const { type, title, status, detail } = value as Partial<ProblemDetails>;
  return [type, title, detail].every((member) => typeof member === "string") &&
    typeof status === "number";
}
