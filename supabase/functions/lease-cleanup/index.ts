// lease-cleanup: lets a schedule inside Supabase (pg_cron with pg_net, or the dashboard's) trigger lease cleanup.
//
// Its callers are not users, so it is deployed without Supabase's token check (verify_jwt = false).
// Instead it requires the service role key or the internal secret. The response holds cleanup's counts.

import { Problem, respond } from "../_shared/problem.ts";
import { bearerToken, requirePost } from "../_shared/request.ts";
import { secretsMatch } from "../_shared/secret.ts";
import { setting } from "../_shared/settings.ts";
import {
  MAX_CALL_SECONDS,
  post,
  timeoutSeconds,
  upstreamUnreachable,
} from "../_shared/upstream.ts";

Deno.serve((request) => respond(() => leaseCleanup(request)));

async function leaseCleanup(request: Request): Promise<Response> {
  await authorize(bearerToken(request));
  requirePost(request);
  const response = await post(setting("LEASE_CLEANUP_URL"), {
    headers: { Authorization: `Bearer ${setting("INTERNAL_SECRET")}` },
    seconds: timeoutSeconds(MAX_CALL_SECONDS),
    signal: request.signal,
    timeoutDetail: "The cleanup did not finish in time. It is safe to trigger it again.",
  });
  if (response.status === 401 || response.status === 403) {
    console.error("lease_cleanup rejects this function's INTERNAL_SECRET");
    throw upstreamUnreachable();
  }
  return response;
}

async function authorize(token: string): Promise<void> {
  const secrets = [setting("SUPABASE_SERVICE_ROLE_KEY"), setting("INTERNAL_SECRET")];
  const matches = await Promise.all(secrets.map((secret) => secretsMatch(token, secret)));
  if (!matches.includes(true)) {
    throw new Problem("forbidden", "This token cannot call this function.");
  }
}
