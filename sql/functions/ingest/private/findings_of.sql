create or replace function spillway.findings_of(p_rows jsonb) returns spillway.finding_columns
language sql immutable parallel safe set search_path = ''
as $$ select jsonb_populate_record(null::spillway.finding_columns, spillway.columns_of(p_rows)) $$;
comment on function spillway.findings_of(jsonb) is 'findings of a batch from rows, for what happens seldom';
