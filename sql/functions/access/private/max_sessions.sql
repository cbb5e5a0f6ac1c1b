create or replace function spillway.max_sessions() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 100 $$;
comment on function spillway.max_sessions() is 'how many sessions a key may have at a time';
