-- Realtime sends each write of progress to browsers, where the database has Realtime.
-- For a deleted row it sends the replica identity to every signed-in listener, because row level security has no row
-- left to check. So the replica identity must stay the project's id alone, and that id must give access to nothing by
-- itself.
do $$
begin
  if exists (select 1 from pg_catalog.pg_publication where pubname = 'supabase_realtime' and not puballtables) then
    alter publication supabase_realtime add table public.editai_generation_progress;
  end if;
end
$$;
