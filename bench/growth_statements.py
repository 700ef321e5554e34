"""The rows and the calls of bench.growth, which a test uses, too."""

from collections.abc import Mapping
from typing import LiteralString

OWN: tuple[LiteralString, ...] = (
    """
insert into editai_projects (id, owner_id, name) values (%(project)s, %(owner)s, 'Own')""",
    """
insert into editai_sources (
  project_id, status, file_name, storage_path, content_type, size_bytes, duration_seconds, width, height, has_audio)
select %(project)s, 'ready', 'a.mp4', %(project)s || '/sources/' || n || '.mp4', 'video/mp4', 1, 1, 1, 1, true
from generate_series(1, %(n)s) n""",
    """
insert into editai_jobs (
  id, project_id, kind, status, params, first_variant_number, max_attempts, deadline_at, finished_at)
values (%(job)s, %(project)s, 'raw_clips', 'completed', '{}', 1, 3, now(), now())""",
    """
insert into editai_clips (
  id, project_id, job_id, variant_number, variant_name, storage_path, thumbnail_path, duration_seconds, size_bytes,
  width, height, frame_rate, segments)
select case n when 1 then %(clip)s else gen_random_uuid() end, %(project)s, %(job)s, n, 'x', f.path || '.mp4',
  f.path || '.jpg', 1, 1, 1, 1, 25, '[]'
from generate_series(1, %(n)s) n,
  lateral (values (%(project)s || '/jobs/' || %(job)s || '/1/clip-' || n)) f (path)""",
    """
insert into editai_storage_garbage (project_id, prefix, not_before)
values (%(project)s, %(project)s || '/jobs/' || %(job)s || '/', now())""",
    """
insert into editai_webhooks (id, owner_id, events) values (%(owner)s, %(owner)s, '{job.completed}')""",
    """
insert into editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload, status, finished_at)
select %(owner)s, %(project)s, %(job)s, 'https://a.example', 'job.completed', '{}', 'delivered', now()
from generate_series(1, %(n)s)""",
)
"""Statements that add a project with n sources and n clips of a job that has ended, and a webhook, whose id is that of
its owner, with n deliveries. One prefix of garbage is due."""

OF_OTHERS: Mapping[str, LiteralString] = {
    "projects": """
insert into editai_projects (id, owner_id, name, status)
select 'p' || n, gen_random_uuid(), 'x', 'ready_for_triage' from generate_series(1, {n}) n""",
    "sources": """
insert into editai_sources (
  project_id, status, file_name, storage_path, content_type, size_bytes, duration_seconds, width, height, has_audio)
select 'p' || n, case when n % 4 = 0 then 'pending' else 'ready' end, 'a.mp4',
  'p' || n || '/sources/' || gen_random_uuid() || '.mp4', 'video/mp4', 1, 1, 1, 1, true
from generate_series(1, {n}) n""",
    "jobs": """
insert into editai_jobs (
  id, project_id, kind, status, params, first_variant_number, max_attempts, deadline_at, finished_at, idempotency_key,
  request_hash)
select gen_random_uuid(), 'p' || n, 'raw_clips', 'completed', '{{}}', 1, 3, now(), now(), 'k', 'h'
from generate_series(1, {n}) n""",
    "clips": """
insert into editai_clips (
  project_id, job_id, variant_number, variant_name, storage_path, thumbnail_path, duration_seconds, size_bytes, width,
  height, frame_rate, segments)
select j.project_id, j.id, 1, 'x', f.path || '1.mp4', f.path || '1.jpg', 1, 1, 1, 1, 25, '[]'
from editai_jobs j, lateral (values (j.project_id || '/jobs/' || j.id || '/')) f (path)
where j.idempotency_key = 'k'""",
    "exports": """
insert into editai_exports (
  project_id, clip_id, job_id, preset, options, storage_path, thumbnail_path, duration_seconds, size_bytes, width,
  height, frame_rate)
select project_id, id, job_id, 'tiktok', '{{}}', storage_path, thumbnail_path, 1, 1, 1, 1, 25
from editai_clips where project_id <> 'own'""",
    "progress": """
insert into editai_generation_progress (project_id) select 'p' || n from generate_series(1, {n}) n""",
    "garbage": """
insert into editai_storage_garbage (project_id, prefix, not_before)
select 'p' || n, 'p' || n || '/sources/x', now() + interval '1 day' from generate_series(1, {n}) n""",
    "rates": """
insert into editai_rates (owner_id, action, full_at)
select gen_random_uuid(), 'start', now() from generate_series(1, {n})""",
    "events": """
insert into editai_job_events (job_id, event, attempt) select id, 'completed', 1 from editai_jobs""",
    "webhooks": """
insert into editai_webhooks (owner_id, url, events)
select gen_random_uuid(), 'https://' || n || '.example', '{{job.completed}}' from generate_series(1, {n}) n""",
    "deliveries": """
insert into editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload, status, finished_at)
select id, 'p1', gen_random_uuid(), url, 'job.completed', '{{}}', 'delivered', now() from editai_webhooks
where url is not null""",
}
"""Statements that add n rows of others to each table that grows; none of the rows is due for cleanup."""

OF_RUNNING_JOBS: LiteralString = """
with job as (
  insert into editai_jobs (id, project_id, kind, status, params, first_variant_number, max_attempts, deadline_at)
  select gen_random_uuid(), 'p' || n, 'raw_clips', 'running', '{{}}', 1, 3, now() + interval '1 day'
  from generate_series(1, {n}) n
  returning id, project_id
)
insert into editai_locks (project_id, lease_id, holder, fencing_token, job_id, acquired_at, expires_at, deadline_at)
select project_id, gen_random_uuid(), 'worker', 1, id, now(), now() + interval '1 day', now() + interval '1 day'
from job"""

READS: Mapping[str, LiteralString] = {
    "read progress": "select * from editai_read_progress(%(project)s, %(owner)s)",
    "check a start": "select * from editai_check_project(%(project)s, %(owner)s, null, 'k', 'h', 5)",
    "list an owner's clips": "select * from editai_list_clips(%(owner)s, 21)",
    "list a project's clips": "select * from editai_list_clips(%(owner)s, 21, %(project)s)",
    "read a clip": "select * from editai_list_clips(%(owner)s, 1, null, %(clip)s)",
    "list an owner's jobs": "select * from editai_list_jobs(%(owner)s, 21)",
    "list an owner's failed jobs": (
        "select * from editai_list_jobs(%(owner)s, 21, p_status => 'failed', p_kind => 'raw_clips')"
    ),
    "list a project's jobs": "select * from editai_list_jobs(%(owner)s, 21, %(project)s)",
    "list all jobs": "select * from editai_list_jobs(null, 21)",
    "read a job": "select * from editai_list_jobs(%(owner)s, 1, p_job_id => %(job)s)",
    "list projects": "select * from editai_list_projects(%(owner)s, 21)",
    "list sources": "select * from editai_list_sources(%(project)s, %(owner)s, 21)",
    "list exports": "select * from editai_list_exports(%(clip)s, %(owner)s, 21)",
    "list webhooks": "select * from editai_list_webhooks(%(owner)s)",
    "list deliveries": "select * from editai_list_deliveries(%(owner)s, %(owner)s, 21)",
    "claim a delivery": "select * from editai_claim_delivery(30, 5)",
    "next job": "select * from editai_next_job()",
    "cleanup: deliveries": "select editai_cleanup_deliveries(50, 604800)",
    "cleanup: leases": "select * from editai_cleanup_leases(50, 30)",
    "cleanup: uploads": "select editai_cleanup_uploads(50, 86400)",
    "cleanup: jobs": "select editai_cleanup_jobs(50, 86400)",
    "cleanup: keys": "select editai_expire_idempotency_keys(50, 86400)",
    "cleanup: garbage": "select * from editai_list_storage_garbage(100)",
}
"""Calls of the service role that change nothing here."""

USER_READS: Mapping[str, LiteralString] = {
    "supabase-js: projects": "select * from editai_projects",
    "supabase-js: sources": "select * from editai_sources",
    "supabase-js: jobs": "select * from editai_jobs",
    "supabase-js: clips": "select * from editai_clips",
    "supabase-js: newest clips": "select * from editai_clips order by row_number desc limit 20",
    "supabase-js: exports": "select * from editai_exports",
    "supabase-js: progress": "select * from editai_generation_progress",
    "supabase-js: locks": "select project_id, expires_at from editai_locks",
}
"""Queries of a signed-in user, under row level security."""

START: LiteralString = (
    "select (r.job).id from editai_start_job(%(project)s, %(owner)s, %(job)s, 'raw_clips', '{}',"
    " %(dispatch)s, 'dispatch', 30, 3600, 3, p_max_active_jobs => 5) r"
)
CLAIM: LiteralString = (
    "select (r.lease).fencing_token from editai_claim_job(%(job)s, %(lease)s, 'worker', 60) r"
)
HEARTBEAT: LiteralString = (
    "select * from editai_heartbeat("
    "%(project)s, %(job)s, %(lease)s, %(token)s, 60, %(percentage)s, 'x', 9)"
)
FINISH: LiteralString = (
    "select editai_finish_job(%(project)s, %(job)s, %(lease)s, %(token)s, 'completed')"
)
