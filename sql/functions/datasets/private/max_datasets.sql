create or replace function spillway.max_datasets() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.max_datasets() is 'how many datasets a workspace may have';
