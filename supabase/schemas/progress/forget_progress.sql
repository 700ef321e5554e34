-- Deletes a project's progress with the project, however its row was deleted. Called by the trigger below.
create function public.editai_forget_progress() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  delete from public.editai_generation_progress g where g.project_id = old.id;
  return null;
end
$$;

create trigger editai_projects_forget_progress after delete on public.editai_projects
  for each row execute function public.editai_forget_progress();
