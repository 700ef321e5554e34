"""Negative controls: each breaks a rule of the SQL in one run's database, and the checker must report it.

A control is a few changes to the text of supabase/schemas, so it always breaks the functions as they are now.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.programs import CHECKOUT

_SCHEMAS = CHECKOUT / "supabase" / "schemas"


class TextNotFound(Exception):
    """A schema file does not have the text that a control changes, or has it more than once: update the control."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """In a file of supabase/schemas, `old` becomes `new`."""

    file: str
    old: str
    new: str

    def of(self, text: str) -> str:
        """The text with the change. Raises TextNotFound."""
        if (found := text.count(self.old)) != 1:
            msg = f"{self.file} has this text {found} times, not once: {self.old!r}"
            raise TextNotFound(msg)
        return text.replace(self.old, self.new)


@dataclass(frozen=True, kw_only=True)
class Break:
    """`changes` break SQL functions; one of `rules` must then be reported; `aimed_faults` make that happen soon."""

    changes: tuple[Change, ...]
    rules: tuple[str, ...]
    aimed_faults: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The SQL that is run after the migrations. Raises TextNotFound."""
        texts: dict[str, str] = {}
        for change in self.changes:
            text = texts.get(change.file) or (_SCHEMAS / change.file).read_text()
            texts[change.file] = change.of(text)
        return "".join(
            re.sub("^create function", "create or replace function", text, flags=re.MULTILINE)
            for text in texts.values()
        )


BREAKS: Mapping[str, Break] = {
    # A renewal that asks only whether the key is held, not whether by its caller.
    "heartbeat-without-fence": Break(
        changes=(
            Change(
                file="leases/renew_lease.sql",
                old="renewed := v_check.held;",
                new="renewed := (v_check.lease).project_id is not null;",
            ),
        ),
        rules=(
            "every accepted write carried the current token",
            "an expired lease is never renewed",
        ),
        aimed_faults=("worker stopped past its lease", "line delayed"),
    ),
    # A lease that is judged by a moment before its row could be locked.
    "clock-before-lock": Break(
        changes=(
            Change(
                file="leases/lock_live_lease.sql",
                old="""\
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
  checked_at := public.editai_clock();
""",
                new="""\
  checked_at := public.editai_clock();
  select l.* into lease from public.editai_locks l where l.project_id = p_project_id for update;
""",
            ),
        ),
        rules=("an expired lease is never renewed", "an expired lease writes nothing"),
        aimed_faults=("lease rows locked", "line delayed"),
    ),
    # A cleanup that takes what its scan saw for true, without locking the lease's row and looking again.
    "cleanup-without-lock": Break(
        changes=(
            Change(
                file="cleanup/cleanup_leases.sql",
                old="set lock_timeout = '100ms' ",
                new="",
            ),
            Change(
                file="cleanup/reclaim_lease.sql",
                old="from public.editai_locks l where l.project_id = p_project_id for update skip locked;",
                new="from public.editai_locks l where l.project_id = p_project_id;",
            ),
            Change(
                file="cleanup/reclaim_lease.sql",
                old="elsif v_lease.expires_at > v_now and",
                new="elsif false and",
            ),
            Change(
                file="cleanup/reclaim_lease.sql",
                old="    fencing_token := public.editai_requeue_job(v_job, p_dispatch_ttl_seconds);\n",
                new="""\
    update public.editai_locks l set
      lease_id = pg_catalog.gen_random_uuid(),
      holder = 'dispatch',
      fencing_token = nextval('public.editai_fencing_tokens'),
      acquired_at = public.editai_clock(),
      expires_at = public.editai_clock() + public.editai_ttl(p_dispatch_ttl_seconds)
    where l.project_id = p_project_id;
    update public.editai_jobs j set status = 'queued' where j.id = v_job.id;
""",
            ),
        ),
        rules=(
            "live leases never overlap",
            "a live lease ends only by its holder, a cancel, or a claim of its own job",
            "nothing is queued without a dispatch or running without a lease",
        ),
        aimed_faults=("slow commits", "cleanup several at once"),
    ),
    # A queued job that holds its project only while its dispatch lease is live, so another start may replace it.
    "waiting-job-replaced": Break(
        changes=(
            Change(
                file="leases/current_lease.sql",
                old="expires_at > v_now and (v_job.id is null or v_lease.job_id is distinct from v_job.id) then",
                new="expires_at > v_now then",
            ),
            Change(
                file="leases/current_lease.sql",
                old="elsif v_job.deadline_at > v_now then",
                new="elsif false then",
            ),
        ),
        rules=(
            "a queued job holds its project until it is claimed, cancelled or past its deadline",
            "a queued job fails only when no attempt or no time is left",
        ),
        aimed_faults=("worker killed",),
    ),
    # A clock that is whatever the calling host takes for the time.
    "host-clock": Break(
        changes=(
            Change(
                file="clock/clock.sql",
                old="select pg_catalog.clock_timestamp()",
                new="""\
select coalesce(
    to_timestamp((nullif(pg_catalog.current_setting('request.headers', true), '')::json
      ->> 'x-editai-host-clock')::double precision),
    pg_catalog.clock_timestamp())""",
            ),
        ),
        rules=("leases are measured by the database's clock",),
    ),
    # A release that frees the key without checking its holder.
    "release-without-token": Break(
        changes=(
            Change(
                file="leases/release_lease.sql",
                old="l.lease_id = p_lease_id and l.fencing_token = p_fencing_token and l.job_id is null",
                new="l.job_id is null",
            ),
        ),
        rules=("a release ends the caller's own lease and no other",),
    ),
    # A return that queues the job again, but leaves its attempt spent.
    "return-at-a-cost": Break(
        changes=(
            Change(
                file="jobs/return_job.sql",
                old="attempt = greatest(j.attempt - 1, 0)",
                new="attempt = j.attempt",
            ),
        ),
        rules=("a job that its worker gives back has spent no attempt",),
        aimed_faults=("worker told to end",),
    ),
    # A finish that ends the job, and leaves its lease to another transaction.
    "finish-in-two": Break(
        changes=(
            Change(
                file="jobs/finish_job.sql",
                old="  delete from public.editai_locks l where l.project_id = p_project_id;\n",
                new="",
            ),
        ),
        rules=("a job's end and its lease's end are one transaction",),
    ),
}
