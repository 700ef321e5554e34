// Lets a web page of any origin call a function (the Fetch standard's CORS protocol). This is safe:
// authentication needs a token that the page itself holds, not a cookie that a browser adds to requests.

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
const EXPOSED_HEADERS = [
  "Idempotency-Replayed",
  "Job-Status",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
];
const PREFLIGHT_SECONDS = 3600;

/** The response to a browser's preflight request. */
export function preflight(): Response {
  return withCors(
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

/** The response, readable by a page of any origin. */
export function withCors(response: Response): Response {
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS.join(", "));
  return response;
}
