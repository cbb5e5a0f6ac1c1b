create or replace function spillway.refused_records(p_errors jsonb) returns bigint
language sql immutable parallel safe set search_path = ''
as $$ select coalesce(sum(value::bigint), 0)::bigint from jsonb_each_text(p_errors) where key ~ '^[0-9A-Z]{5}$' $$;
comment on function spillway.refused_records(jsonb) is
  'how many of the errors {code: number} are records that the database refused: their codes are SQLSTATEs, those of the parser are words';
