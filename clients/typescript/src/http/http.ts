/** The typed calls of the API: every path of the OpenAPI document, with the caller's token, retries and thrown problems. */
import createApi, { type Client } from "openapi-fetch";

import type { paths } from "../openapi.js";
import { problemOf } from "./problems.js";
import { type Fetch, retrying, type RetryOptions } from "./retrying.js";

/** Returns an access token. It is asked before every request; with `refresh` after a 401, for a token that is new. */
export type TokenProvider = (options: { refresh: boolean }) => string | Promise<string>;

export interface HttpOptions {
  /** The URL of the library with its base path, such as `http://127.0.0.1:24323/api/v1/library`. */
  url: string;
  /** The user's access token, or a function that returns it. */
  token: string | TokenProvider;
  retry?: RetryOptions;
  /** Another `fetch`, for instance one that logs. */
  fetch?: Fetch;
}

const BASE_PATH = "/api/v1/library";

export interface Http {
  /** openapi-fetch's client. It returns problems as `error`; `data` throws them instead. */
  readonly api: Client<paths, `${string}/${string}`>;
  readonly url: string;
  /** The same fetch without retries, for callers that repeat by their own rules. */
  once(request: Request): Promise<Response>;
}

export function createHttp(options: HttpOptions): Http {
  const url = options.url.replace(/\/+$/, "");
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const once = authorized(send, options.token);
  const api = createApi<paths>({
    baseUrl: url.endsWith(BASE_PATH) ? url.slice(0, -BASE_PATH.length) : url,
    fetch: retrying(once, options.retry),
  });
  return { api, url, once };
}

/** The body of a successful response. Throws the Problem of any other. */
export async function data<Body>(
  call: Promise<{ data?: Body; error?: unknown; response: Response }>,
): Promise<Body> {
  const { data, error, response } = await call;
  if (!response.ok) {
    throw problemOf(response, typeof error === "string" ? error : JSON.stringify(error));
  }
  return data as Body;
}

/** Throws the Problem of a response that is not a success. */
export async function check(response: Response): Promise<Response> {
  if (!response.ok) throw problemOf(response, await response.text());
  return response;
}

/** Adds the token. After a 401 the provider is asked once for a new one, and the request repeated if it has one. */
function authorized(send: Fetch, token: string | TokenProvider): Fetch {
  const provider = typeof token === "string" ? () => token : token;
  return async (request) => {
    const first = await provider({ refresh: false });
    const response = await send(withToken(request, first));
    if (response.status !== 401 || typeof token === "string") return response;
    const second = await provider({ refresh: true });
    if (second === first) return response;
    await response.body?.cancel();
    return send(withToken(request, second));
  };
}

function withToken(request: Request, token: string): Request {
  const sent = request.clone();
  sent.headers.set("Authorization", `Bearer ${token}`);
  return sent;
}
