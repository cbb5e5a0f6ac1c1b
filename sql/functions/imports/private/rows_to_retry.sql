create or replace function spillway.rows_to_retry(p_import spillway.imports, p_errors bigint[]) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  c_rows constant integer := 1000;
  c_bytes constant integer := 4194304;
  v_run constant spillway.runs := spillway.run_of_import(p_import.workspace_id, p_import.id);
  v_dataset spillway.datasets;
begin
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = v_run.workspace_id and d.id = v_run.dataset_id;
  return jsonb_build_object('schema_version', v_dataset.schema_version, 'columns', spillway.dataset_columns_document(v_dataset),
    'mapping', (select m.document from spillway.mappings m where m.workspace_id = v_run.workspace_id and m.dataset_id = v_run.dataset_id
      order by m.number desc limit 1),
    'format', p_import.format, 'rows', (
      select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'offset', e.source_offset, 'line', coalesce(e.source_line, 0), 'record', e.item::text)
        order by e.tries, e.id), '[]')
      from (
        select e.*, sum(octet_length(e.item::text)) over (order by e.tries, e.id) as bytes, row_number() over (order by e.tries, e.id) as number
        from spillway.import_errors e
        where e.workspace_id = p_import.workspace_id and e.import_id = p_import.id and e.item is not null and (p_errors is null or e.id = any (p_errors))
        order by e.tries, e.id limit c_rows
      ) as e
      where e.bytes <= c_bytes or e.number = 1));
end
$$;
comment on function spillway.rows_to_retry(spillway.imports, bigint[]) is
  'rows that an import of a table rejected, those given or all (null), those first that were tried least often, at most 1,000 and 4 MiB at a time, and what whoever maps them again has to know: {schema_version, columns, mapping: the newest of the dataset, format, rows: [{id, offset, line, record}]}. SW409 where the dataset has been removed';
