create or replace function spillway.removal_step() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 500 $$;
comment on function spillway.removal_step() is 'how many occurrences, findings and assets of a removed import are taken back at a time';
