create or replace function spillway.max_keys() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.max_keys() is 'how many valid keys a workspace may have';
