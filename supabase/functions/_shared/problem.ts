// Errors as problem details (RFC 9457), with the same types as the library's.

interface Kind {
  status: number;
  title: string;
}

const KINDS = {
  "malformed-request": { status: 400, title: "Malformed request" },
  "unauthenticated": { status: 401, title: "Authentication required" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "payload-too-large": { status: 413, title: "Payload too large" },
  "unsupported-media-type": { status: 415, title: "Unsupported media type" },
  "invalid-request": { status: 422, title: "Invalid request" },
  "internal-error": { status: 500, title: "Internal server error" },
  "upstream-unreachable": { status: 502, title: "Upstream unreachable" },
  "upstream-timeout": { status: 504, title: "Upstream timeout" },
} satisfies Record<string, Kind>;

interface Extras {
  headers?: Record<string, string>;
  members?: Record<string, unknown>;
}

/** An error response. `detail` is for the person who made the request; it never repeats submitted values. */
export class Problem extends Error {
  constructor(readonly kind: keyof typeof KINDS, detail: string, readonly extras: Extras = {}) {
    super(detail);
  }

  response(): Response {
    const { status, title } = KINDS[this.kind];
    const type = `urn:editai:problem:${this.kind}`;
    const content = { type, title, status, detail: this.message, ...this.extras.members };
    const headers = {
      "Cache-Control": "no-store",
      "Content-Type": "application/problem+json",
      ...this.extras.headers,
    };
    return new Response(JSON.stringify(content), { status, headers });
  }
}

/** The response of a handler, or of the error it throws. Unexpected errors are logged, and give a 500 without details. */
export async function respond(handler: () => Promise<Response>): Promise<Response> {
  try {
    return await handler();
  } catch (error) {
    if (error instanceof Problem) return error.response();
    console.error(error);
    const detail = "Something went wrong on the server. You can retry the request.";
    return new Problem("internal-error", detail).response();
  }
}
