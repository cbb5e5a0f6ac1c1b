create or replace function spillway.max_kept_errors() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 10000 $$;
comment on function spillway.max_kept_errors() is 'so many errors of an import are kept with their items, and can be tried again; what goes beyond is only counted';
