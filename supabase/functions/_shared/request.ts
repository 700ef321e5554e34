// Request checks that the functions share: the method, the token, and a JSON body of limited size.

import { Problem } from "./problem.ts";

export const MAX_BODY_BYTES = 1_000_000;

/** Throws a Problem for every method but POST. */
export function requirePost(request: Request): void {
  if (request.method !== "POST") {
    throw new Problem("method-not-allowed", "Method not allowed for this path.", {
      headers: { Allow: "POST" },
    });
  }
}

/** The token of an Authorization header (RFC 6750). */
export function bearerToken(request: Request): string {
  const header = request.headers.get("authorization") ?? "";
  const token = /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) {
    const detail = "Send a valid access token as 'Authorization: Bearer <token>'.";
    throw new Problem("unauthenticated", detail, { headers: { "WWW-Authenticate": "Bearer" } });
  }
  return token;
}

/** The members of the JSON object in a request's body. */
export async function jsonObject(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Problem("unsupported-media-type", "Send the body as application/json.");
  }
  const body = parsedJson(await boundedBody(request));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalidRequest({ location: "body", message: "Input should be a JSON object" });
  }
  return body as Record<string, unknown>;
}

interface InvalidPart {
  location: string;
  message: string;
}

/** The problem for an invalid body, with the location and message of each error. */
export function invalidRequest(...errors: InvalidPart[]): Problem {
  const detail = errors.map(({ location, message }) => `${location}: ${message}`).join("; ");
  return new Problem("invalid-request", `${detail}.`, { members: { errors } });
}

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Problem("malformed-request", "The body is not valid JSON.");
  }
}

async function boundedBody(request: Request): Promise<Uint8Array> {
  const body = new Uint8Array(MAX_BODY_BYTES);
  let length = 0;
  for await (const chunk of request.body ?? []) {
    if (length + chunk.length > MAX_BODY_BYTES) throw tooLarge();
    body.set(chunk, length);
    length += chunk.length;
  }
  return body.subarray(0, length);
}

function tooLarge(): Problem {
  const detail = `The body is larger than the limit of ${
    MAX_BODY_BYTES.toLocaleString("en")
  } bytes.`;
  return new Problem("payload-too-large", detail, { members: { max_bytes: MAX_BODY_BYTES } });
}
