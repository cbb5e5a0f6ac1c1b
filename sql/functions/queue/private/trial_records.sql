create or replace function spillway.trial_records() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.trial_records() is 'an import of whose first records (so many) more than half cannot be used fails';
