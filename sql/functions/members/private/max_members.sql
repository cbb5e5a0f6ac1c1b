create or replace function spillway.max_members() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.max_members() is 'how many members a workspace may have at a time';
