create or replace function spillway.max_stall() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '30 minutes' $$;
comment on function spillway.max_stall() is 'an import that is worked on for so long without getting any further fails';
