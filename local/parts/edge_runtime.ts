// Serves the edge functions of supabase/functions on one machine, as Supabase's edge runtime does:
// /<name> is routed to the handler that <name>/index.ts passes to Deno.serve. The token is checked
// first if config.toml requires it. Here all functions share one process, without resource limits.

interface EdgeFunction {
  module: string;
  verify_jwt: boolean;
}

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

const serve = Deno.serve;
const encoder = new TextEncoder();
const secret = take("EDGE_JWT_SECRET");
const port = Number(take("EDGE_PORT"));
const functions: Record<string, EdgeFunction> = JSON.parse(take("EDGE_FUNCTIONS"));
const key = await crypto.subtle.importKey(
  "raw",
  encoder.encode(secret),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["verify"],
);

const handlers = new Map<string, Handler>();
for (const [name, { module }] of Object.entries(functions)) handlers.set(name, await load(module));

serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request, info) => {
  const [, name = ""] = new URL(request.url).pathname.split("/");
  if (name === "_internal") return Response.json({ message: "ok" });
  const handler = handlers.get(name);
  if (handler === undefined) {
    return Response.json(
      { code: "NOT_FOUND", message: "Requested function was not found" },
      { status: 404 },
    );
  }
  // A browser's preflight carries no token.
  if (functions[name]?.verify_jwt && request.method !== "OPTIONS") {
    const error = await authErrorOf(request.headers.get("authorization"));
    if (error) return Response.json({ code: 401, message: error }, { status: 401 });
  }
  return handler(request, info);
});

/** Reads a setting of the runtime and removes it, because functions must not see it. */
function take(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`${name} is not set`);
  Deno.env.delete(name);
  return value;
}

/** The handler that a function's module passes to Deno.serve. */
async function load(module: string): Promise<Handler> {
  let handler: Handler | undefined;
  Deno.serve = ((...args: unknown[]) => {
    handler = args.at(-1) as Handler;
  }) as typeof Deno.serve;
  await import(module);
  Deno.serve = serve;
  if (handler === undefined) throw new Error(`${module} serves nothing`);
  return handler;
}

/** Why a caller is rejected; null for one with a token of this project, whatever its role. */
async function authErrorOf(authorization: string | null): Promise<string | null> {
  if (authorization === null) return "Missing authorization header";
  const [scheme = "", token = ""] = authorization.split(" ");
  return scheme.toLowerCase() === "bearer" && await isValid(token) ? null : "Invalid JWT";
}

async function isValid(token: string): Promise<boolean> {
  const [head = "", claims = "", signature = ""] = token.split(".");
  try {
    const signed = await crypto.subtle.verify(
      "HMAC",
      key,
      decoded(signature),
      encoder.encode(`${head}.${claims}`),
    );
    return signed && parsed(head).alg === "HS256" && isCurrent(parsed(claims));
  } catch (error) {
    // Text that is not a token cannot be decoded or parsed.
    if (error instanceof SyntaxError || error instanceof TypeError) return false;
    throw error;
  }
}

function isCurrent({ exp, nbf }: Record<string, unknown>): boolean {
  const now = Date.now() / 1000;
  return typeof exp === "number" && exp > now && (typeof nbf !== "number" || nbf <= now);
}

function parsed(part: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(decoded(part)));
}

function decoded(part: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(part, { alphabet: "base64url" });
}
