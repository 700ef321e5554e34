// A program that calls SQL functions with the types that `supabase gen types` writes. It is compiled strictly, and run.
import type { Database } from "./database.types.ts";

type Functions = Database["public"]["Functions"];
type Arguments<F extends keyof Functions> = {
  // The generator does not know that a parameter accepts null: no owner is every owner.
  [P in keyof Functions[F]["Args"]]: P extends "p_owner_id" ? Functions[F]["Args"][P] | null : Functions[F]["Args"][P];
};

const url = Deno.env.get("REST_URL")!;
const key = Deno.env.get("SERVICE_KEY")!;

async function rpc<F extends keyof Functions & string>(name: F, args: Arguments<F>): Promise<Functions[F]["Returns"]> {
  const response = await fetch(`${url}/rpc/${name}`, {
    method: "POST",
    headers: { apikey: key, Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(args),
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return await response.json();
}

const owner = crypto.randomUUID();
const project = await rpc("editai_create_project", { p_owner_id: owner, p_name: "Typed" });
const started = await rpc("editai_start_job", {
  p_project_id: project.id,
  p_owner_id: null,
  p_job_id: crypto.randomUUID(),
  p_kind: "raw_clips",
  p_params: { variant_count: 1 },
  p_lease_id: crypto.randomUUID(),
  p_holder: "dispatch",
  p_dispatch_ttl_seconds: 30,
  p_deadline_seconds: 600,
  p_max_attempts: 3,
});
const jobId: string | undefined = started.job?.id;
const expiresAt: string | undefined = started.lease?.expires_at;
const superseded: string | null = started.superseded_job_id;
if (!jobId || !expiresAt) throw new Error("not started");

const claim = await rpc("editai_claim_job", {
  p_job_id: jobId,
  p_lease_id: crypto.randomUUID(),
  p_holder: "worker",
  p_ttl_seconds: 60,
});
const token: number | undefined = claim.lease?.fencing_token;
const sources: unknown[] | null = claim.sources;
const beat = await rpc("editai_heartbeat", {
  p_project_id: project.id,
  p_job_id: jobId,
  p_lease_id: claim.lease?.lease_id ?? "",
  p_fencing_token: token ?? 0,
  p_ttl_seconds: 60,
  p_percentage: 40,
});
const [progress] = await rpc("editai_read_progress", { p_project_id: project.id, p_owner_id: owner });
const remaining: number | null | undefined = progress?.estimated_remaining;
const cancelled = await rpc("editai_cancel_job", { p_project_id: project.id, p_owner_id: owner });
console.log(JSON.stringify({
  started: started.outcome,
  superseded,
  claimed: claim.outcome,
  sources,
  beat: beat.outcome,
  percentage: progress?.percentage,
  remaining,
  cancelled: cancelled.outcome,
  status: cancelled.job?.status,
}));
