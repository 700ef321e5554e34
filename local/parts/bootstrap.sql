-- Creates what a new Supabase project has before its first migration: roles, the auth schema's functions, default privileges
-- and Realtime's publication. The superuser supabase_admin runs it on every start, in one transaction; it keeps what exists.
-- The caller sets the passwords.

do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'authenticator', 'postgres'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute pg_catalog.format('create role %I', v_role);
    end if;
  end loop;
end
$$;

alter role anon nologin noinherit;
alter role authenticated nologin noinherit;
alter role service_role nologin noinherit bypassrls;
alter role authenticator login noinherit;
alter role postgres login createdb createrole replication bypassrls;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;

-- PostgREST applies a role's settings to each request. These are the limits of Supabase's API.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;

alter schema public owner to postgres;
grant usage on schema public to postgres, anon, authenticated, service_role;

create schema if not exists extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role;

create schema if not exists auth authorization supabase_admin;
grant usage on schema auth to postgres, anon, authenticated, service_role;

-- The accounts of the project, with Supabase's names for what the local stack needs of them. Nobody reads them through the API.
create table if not exists auth.users (
  id uuid primary key,
  email text not null unique,
  encrypted_password text not null,
  raw_user_meta_data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_sign_in_at timestamptz
);
create table if not exists auth.sessions (
  id uuid primary key,
  user_id uuid not null references auth.users on delete cascade,
  created_at timestamptz not null default now()
);
create index if not exists sessions_user_id_idx on auth.sessions (user_id);
create table if not exists auth.refresh_tokens (
  id bigint generated always as identity primary key,
  token text not null unique,
  user_id uuid not null references auth.users on delete cascade,
  session_id uuid not null references auth.sessions on delete cascade,
  revoked boolean not null default false,
  created_at timestamptz not null default now()
);
create index if not exists refresh_tokens_session_id_idx on auth.refresh_tokens (session_id);
grant all on all tables in schema auth to postgres;

-- The claims of the request's verified token; null outside a request. PostgREST stores them in a setting of the transaction.
create or replace function auth.jwt() returns jsonb
language sql stable set search_path = '' as $$
  select nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb
$$;

-- The user that a request acts for; null for the service role and outside a request.
create or replace function auth.uid() returns uuid
language sql stable set search_path = '' as $$
  select (auth.jwt() ->> 'sub')::uuid
$$;

-- The database role in a request's token.
create or replace function auth.role() returns text
language sql stable set search_path = '' as $$
  select auth.jwt() ->> 'role'
$$;

-- The e-mail address in a request's token.
create or replace function auth.email() returns text
language sql stable set search_path = '' as $$
  select auth.jwt() ->> 'email'
$$;

-- Supabase grants the API's roles everything that postgres creates in public; migrations must revoke what they must not have.
alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end
$$;
alter publication supabase_realtime owner to postgres;
