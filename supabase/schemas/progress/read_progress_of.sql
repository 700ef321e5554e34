-- Reads the progress of several projects in one call, for the event streams of one process of the library, which asks once a
-- second for all of them. The three arrays have the same length: a project, its owner as in editai_read_progress, and the
-- job that a stream follows, or null for the newest.
-- Returns a JSON array in the same order, one value so that no row limit cuts it: what editai_read_progress returns, or null
-- if there is no such project of the owner. If the job is no longer the project's newest, the members of the job and of the
-- measurement are its own, by the rules of editai_read_progress. It has ended, and a newer job has the progress row now, so
-- what a failed one had reached is no longer known: 0.
create function public.editai_read_progress_of(p_project_ids text[], p_owner_ids uuid[], p_job_ids uuid[]) returns jsonb
language sql volatile security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select coalesce(pg_catalog.jsonb_agg(
    case
      when r.project_id is null then null
      when j.id is null then pg_catalog.to_jsonb(r)
      else pg_catalog.to_jsonb(r) || pg_catalog.jsonb_build_object(
        'job_id', j.id, 'job_kind', j.kind, 'job_status', j.status, 'job_attempt', j.attempt, 'job_error', j.error,
        'percentage', case j.status when 'completed' then 100 else 0 end,
        'current_step', case j.status when 'completed' then 'Completed' else '' end,
        'estimated_remaining', case j.status when 'completed' then 0 end,
        'updated_at', j.finished_at, 'stalled', false, 'outcome', j.status)
    end
    order by w.number), '[]')
  from rows from (unnest(p_project_ids), unnest(p_owner_ids), unnest(p_job_ids)) with ordinality
    as w (project_id, owner_id, job_id, number)
  left join lateral public.editai_read_progress(w.project_id, w.owner_id) r on true
  left join public.editai_jobs j
    on j.id = w.job_id and j.project_id = w.project_id and r.job_id is distinct from w.job_id
$$;
