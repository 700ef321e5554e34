-- Everything that a migration can have made, one row an object: what it is called, and what is true of it.
-- Read with an empty search_path, so that every name inside a definition is qualified.
-- Left out: the schemas of Postgres and of Supabase itself, and what belongs to an extension.
with ours as (
  select n.oid, n.nspname as name
  from pg_catalog.pg_namespace n
  where n.nspname not in ('information_schema', 'auth', 'extensions', 'cron', 'supabase_migrations')
    and n.nspname !~ '^pg_'
),
extension_members as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
),
grants (class, oid, owner, privileges) as (
  select 'pg_namespace'::regclass, oid, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from pg_catalog.pg_namespace
  union all
  select 'pg_class'::regclass, oid, relowner,
    coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
  from pg_catalog.pg_class
  union all
  select 'pg_proc'::regclass, oid, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_catalog.pg_proc
  union all
  select 'pg_type'::regclass, oid, typowner, coalesce(typacl, acldefault('T', typowner)) from pg_catalog.pg_type
),
-- Grants as texts; an owner has all rights and is left out.
granted (class, oid, grants) as (
  select g.class, g.oid, jsonb_agg(t.text order by t.text collate "C")
  from grants g,
    lateral aclexplode(g.privileges) a,
    lateral (select concat(
      case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ' ', a.privilege_type,
      case when a.is_grantable then ' with grant option' end) as text) t
  where a.grantee <> g.owner
  group by 1, 2
),
facts (class, oid, object, facts) as (
  select 'pg_namespace'::regclass, o.oid, 'schema ' || o.name, jsonb_build_object('owner', n.nspowner::regrole::text)
  from ours o join pg_catalog.pg_namespace n on n.oid = o.oid

  union all
  -- pg_get_functiondef has arguments, defaults, result, volatility, security, settings and the body.
  select 'pg_proc'::regclass, p.oid, case p.prokind when 'p' then 'procedure ' else 'function ' end || p.oid::regprocedure,
    jsonb_build_object('definition', pg_get_functiondef(p.oid), 'owner', p.proowner::regrole::text)
  from pg_catalog.pg_proc p join ours o on o.oid = p.pronamespace
  where p.prokind <> 'a'

  union all
  select 'pg_class'::regclass, c.oid,
    case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'f' then 'foreign table ' else 'table ' end
      || c.oid::regclass,
    jsonb_build_object(
      'owner', c.relowner::regrole::text, 'kind', c.relkind, 'persistence', c.relpersistence,
      'storage parameters', c.reloptions, 'row level security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
      'replica identity', c.relreplident, 'view', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      'partition of', (select i.inhparent::regclass::text from pg_catalog.pg_inherits i where i.inhrelid = c.oid))
  from pg_catalog.pg_class c join ours o on o.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')

  union all
  -- The position is part of a table's row type. A dropped column leaves a gap, which does not count.
  select null, null, format('column %s.%I', c.oid::regclass, a.attname),
    jsonb_build_object(
      'position', row_number() over (partition by a.attrelid order by a.attnum),
      'type', format_type(a.atttypid, a.atttypmod), 'not null', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid),
      'identity', a.attidentity, 'generated', a.attgenerated,
      'collation', case when a.attcollation <> 0 then a.attcollation::regcollation::text end,
      'storage', a.attstorage, 'compression', a.attcompression,
      'statistics', nullif(a.attstattarget, -1), 'options', a.attoptions,
      'grants', (
        select jsonb_agg(concat(x.grantee::regrole, ' ', x.privilege_type) order by x.grantee::regrole::text, x.privilege_type)
        from aclexplode(a.attacl) x),
      'comment', col_description(a.attrelid, a.attnum))
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  join ours o on o.oid = c.relnamespace
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped

  union all
  select 'pg_constraint'::regclass, k.oid, format('constraint %I of %s', k.conname, coalesce(
      nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text)),
    jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated)
  from pg_catalog.pg_constraint k join ours o on o.oid = k.connamespace

  union all
  select 'pg_class'::regclass, i.indexrelid, 'index ' || i.indexrelid::regclass,
    jsonb_build_object(
      'definition', pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid, 'clustered', i.indisclustered,
      'replica identity', i.indisreplident)
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join ours o on o.oid = c.relnamespace

  union all
  select 'pg_class'::regclass, c.oid, 'sequence ' || c.oid::regclass,
    jsonb_build_object(
      'owner', c.relowner::regrole::text, 'type', s.seqtypid::regtype::text, 'start', s.seqstart, 'increment', s.seqincrement,
      'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
      'owned by', (
        select d.refobjid::regclass || '.' || d.refobjsubid from pg_catalog.pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
          and d.deptype in ('a', 'i')))
  from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid join ours o on o.oid = c.relnamespace

  union all
  select 'pg_policy'::regclass, p.oid, format('policy %I on %s', p.polname, p.polrelid::regclass),
    jsonb_build_object(
      'command', p.polcmd, 'permissive', p.polpermissive,
      'roles', array(
        select case r when 0 then 'public' else r::regrole::text end from unnest(p.polroles) r order by 1),
      'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join ours o on o.oid = c.relnamespace

  union all
  select 'pg_trigger'::regclass, t.oid, format('trigger %I on %s', t.tgname, t.tgrelid::regclass),
    jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled)
  from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join ours o on o.oid = c.relnamespace
  where not t.tgisinternal

  union all
  select 'pg_rewrite'::regclass, r.oid, format('rule %I on %s', r.rulename, r.ev_class::regclass),
    jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled)
  from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class join ours o on o.oid = c.relnamespace
  where r.rulename <> '_RETURN'

  union all
  select 'pg_event_trigger'::regclass, e.oid, format('event trigger %I', e.evtname),
    jsonb_build_object(
      'event', e.evtevent, 'function', e.evtfoid::regprocedure::text, 'enabled', e.evtenabled, 'tags', e.evttags)
  from pg_catalog.pg_event_trigger e

  union all
  -- Enumerations, domains, ranges and composite types; the row types of tables are told by their columns.
  select 'pg_type'::regclass, t.oid, 'type ' || t.oid::regtype,
    jsonb_build_object(
      'owner', t.typowner::regrole::text, 'kind', t.typtype,
      'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
      'base', nullif(t.typbasetype, 0)::regtype::text, 'not null', t.typnotnull, 'default', t.typdefault)
  from pg_catalog.pg_type t
  join ours o on o.oid = t.typnamespace
  left join pg_catalog.pg_class c on c.oid = t.typrelid
  where t.typtype in ('e', 'd', 'r') or c.relkind = 'c'

  union all
  select 'pg_statistic_ext'::regclass, s.oid, format('statistics %I.%I', o.name, s.stxname),
    jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid))
  from pg_catalog.pg_statistic_ext s join ours o on o.oid = s.stxnamespace

  union all
  select 'pg_extension'::regclass, e.oid, 'extension ' || e.extname, '{}'
  from pg_catalog.pg_extension e

  union all
  select 'pg_publication'::regclass, p.oid, format('publication %I', p.pubname),
    jsonb_build_object(
      'owner', p.pubowner::regrole::text, 'all tables', p.puballtables,
      'events', array[p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate],
      'tables', (
        select jsonb_agg(jsonb_build_object('table', format('%I.%I', t.schemaname, t.tablename),
          'columns', t.attnames, 'where', t.rowfilter) order by t.schemaname, t.tablename)
        from pg_catalog.pg_publication_tables t where t.pubname = p.pubname))
  from pg_catalog.pg_publication p

  union all
  select null, null, format('default privileges of %s in %s for %s', d.defaclrole::regrole,
      coalesce(nullif(d.defaclnamespace, 0)::regnamespace::text, 'all schemas'), d.defaclobjtype),
    jsonb_build_object('grants', array(
      select concat(
        case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ' ', a.privilege_type,
        case when a.is_grantable then ' with grant option' end) as grants
      from aclexplode(d.defaclacl) a order by 1))
  from pg_catalog.pg_default_acl d
)
select f.object, f.facts || jsonb_strip_nulls(jsonb_build_object(
    'grants', g.grants, 'comment', obj_description(f.oid, f.class::text))) as facts
from facts f
left join granted g on g.class = f.class and g.oid = f.oid
where (f.class, f.oid) is null or not exists (
  select 1 from extension_members m where m.classid = f.class and m.objid = f.oid)
