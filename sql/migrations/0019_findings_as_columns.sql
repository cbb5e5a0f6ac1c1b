-- Findings come as columns, as occurrences do. Measured (PostgreSQL 15, those of Trivy, 2 KB each): as one JSON document 62 us a finding, as columns 22, of
-- which the scores, the component and the attributes, which are JSON still, are 12.

create type spillway.finding_columns as (
  id uuid[], tool text[], kind spillway.finding_kind[], rule_id text[], title text[], severity spillway.severity[], status spillway.finding_status[],
  description text[], solution text[], vulnerability_ids text[], cwes text[], cvss text[], reference_urls text[], component text[],
  attributes text[], source_offset bigint[]
);
comment on type spillway.finding_columns is
  'findings on their way in, column by column: arrays of one length, or null or empty where a column is null in all of them. Lists are texts in the form of arrays, {"a","b"}; cvss, component and attributes are JSON';

-- They took findings as JSON.
drop function if exists spillway.batch_insert_findings(integer, uuid, jsonb);
drop function if exists spillway.note_scope(integer, uuid, jsonb);
drop type spillway.new_finding;

-- Long texts are compressed by LZ4 from now on where the server was built with it: pglz takes several times as long for the same size.
do $$
declare
  v_column name;
begin
  foreach v_column in array array['title', 'description', 'solution', 'reference_urls', 'cvss', 'attributes'] loop
    execute format('alter table spillway.findings alter column %I set compression lz4', v_column);
  end loop;
  alter table spillway.occurrences alter column evidence set compression lz4;
exception when feature_not_supported then
  raise notice 'this server has no LZ4: texts are compressed as before';
end
$$;

-- Records that the database refused are kept as rows of the same columns.
create function pg_temp.list_text(p_list jsonb) returns text language sql as $$
  select array_agg(x order by n)::text from jsonb_array_elements_text(nullif(p_list, 'null')) with ordinality as l (x, n) $$;
update spillway.import_errors e
set item = jsonb_set(e.item, '{findings}', (
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', f -> 'identity', 'tool', f -> 'tool', 'kind', f -> 'kind', 'rule_id', f -> 'rule_id',
    'title', f -> 'title', 'severity', f -> 'severity', 'status', f -> 'status', 'description', f -> 'description', 'solution', f -> 'solution',
    'vulnerability_ids', pg_temp.list_text(f -> 'vulnerability_ids'), 'cwes', pg_temp.list_text(f -> 'cwes'), 'cvss', f ->> 'cvss',
    'reference_urls', pg_temp.list_text(f -> 'references'), 'component', f ->> 'component', 'attributes', f ->> 'attributes',
    'source_offset', f -> 'offset'))), '[]')
  from jsonb_array_elements(e.item -> 'findings') f))
where e.item is not null;

-- They took occurrences as rows.
drop function if exists spillway.columns_of(spillway.new_occurrence[]);
drop function if exists spillway.rows_of(spillway.occurrence_columns);
drop type spillway.new_occurrence;
