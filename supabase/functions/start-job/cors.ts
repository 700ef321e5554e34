// What lets a web page of any origin call a function (the Fetch standard's CORS protocol).
// Any origin may: nothing that a browser sends by itself lets anyone in, only a token that the page holds.

const ALLOWED_HEADERS = [
  "apikey",
  "authorization",
  "baggage",
  "content-type",
  "idempotency-key",
  "prefer",
  "traceparent",
  "tracestate",
  "x-client-info",
  "x-region",
];
const EXPOSED_HEADERS = ["Location", "Preference-Applied", "Retry-After", "WWW-Authenticate"];
const PREFLIGHT_SECONDS = 3600;

/** The answer to the question that a browser asks before it sends a request. */
export function preflight(): Response {
  return open(
    new Response(null, {
      status: 204,
      headers: {
        "Access-Control-Allow-Headers": ALLOWED_HEADERS.join(", "),
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Max-Age": String(PREFLIGHT_SECONDS),
      },
    }),
  );
}

/** An answer that a page of any origin may read. */
export function open(response: Response): Response {
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS.join(", "));
  return response;
}
