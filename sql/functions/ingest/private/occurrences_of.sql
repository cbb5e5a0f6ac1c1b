create or replace function spillway.occurrences_of(p_rows jsonb) returns spillway.occurrence_columns
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_populate_record(null::spillway.occurrence_columns, spillway.columns_of(p_rows)) $$;
comment on function spillway.occurrences_of(jsonb) is 'occurrences of a batch from rows, for what happens seldom';
