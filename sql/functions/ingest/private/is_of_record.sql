create or replace function spillway.is_of_record(p_sqlstate text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$ select p_sqlstate ~ '^(22|23|54|P0001)' $$;
comment on function spillway.is_of_record(text) is
  'whether a record can be to blame for an error: data (22), constraints (23), limits of a row (54), a trigger''s refusal (P0001)';
