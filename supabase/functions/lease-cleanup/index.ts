// lease-cleanup: lets a schedule inside Supabase (pg_cron with pg_net, or the dashboard's) trigger lease cleanup.
//
// Its callers are not users, so it is deployed without Supabase's token check (verify_jwt = false).
// Instead it requires the service role key or the internal secret. The response holds cleanup's counts.

import { answered, Problem } from "../_shared/problem.ts";
import { bearerToken, requirePost } from "../_shared/request.ts";
import { sameSecret } from "../_shared/secret.ts";
import { setting } from "../_shared/settings.ts";
import { answerSeconds, LONGEST_CALL_SECONDS, posted, unreachable } from "../_shared/upstream.ts";

Deno.serve((request) => answered(() => leaseCleanup(request)));

async function leaseCleanup(request: Request): Promise<Response> {
  await admit(bearerToken(request));
  requirePost(request);
  const answer = await posted(setting("LEASE_CLEANUP_URL"), {
    headers: { Authorization: `Bearer ${setting("INTERNAL_SECRET")}` },
    seconds: answerSeconds(LONGEST_CALL_SECONDS),
    signal: request.signal,
    late: "The cleanup did not finish in time. It is safe to trigger it again.",
  });
  if (answer.status === 401 || answer.status === 403) {
    console.error("lease_cleanup rejects this function's INTERNAL_SECRET");
    throw unreachable();
  }
  return answer;
}

async function admit(token: string): Promise<void> {
  const secrets = [setting("SUPABASE_SERVICE_ROLE_KEY"), setting("INTERNAL_SECRET")];
  const matches = await Promise.all(secrets.map((secret) => sameSecret(token, secret)));
  if (!matches.includes(true)) {
    throw new Problem("forbidden", "This token cannot call this function.");
  }
}
