create or replace function spillway.max_refused_records() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.max_refused_records() is
  'an import of which the database has refused more records fails: each takes 5 ms to be found, in which nobody else stores in the workspace';
