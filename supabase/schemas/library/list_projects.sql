-- Returns one page of an owner's projects, newest first. A page starts after the last row of the page before.
-- Like the other lists it is in plpgsql, which plans for the actual arguments: a filter that is null costs nothing.
create function public.editai_list_projects(
  p_owner_id uuid,
  p_limit integer,
  p_after_created_at timestamptz default null,
  p_after_id text default null
) returns setof public.editai_projects
language plpgsql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
begin
  return query
  select p.* from public.editai_projects p
  where (p_owner_id is null or p.owner_id = p_owner_id)
    and (p_after_created_at is null or (p.created_at, p.id) < (p_after_created_at, p_after_id))
  order by p.created_at desc, p.id desc
  limit p_limit;
end
$$;
