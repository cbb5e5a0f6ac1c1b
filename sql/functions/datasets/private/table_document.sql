create or replace function spillway.table_document(p_workspace integer, p_import uuid) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_run spillway.runs;
  v_dataset spillway.datasets;
begin
  select r.* into v_run from spillway.runs r where r.workspace_id = p_workspace and r.import_id = p_import;
  if not found then
    return null;
  end if;
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_run.dataset_id;
  return jsonb_build_object('schema_version', v_dataset.schema_version,
    'columns', spillway.dataset_columns_document(v_dataset),
    'mapping', (select m.document from spillway.mappings m
      where m.workspace_id = p_workspace and m.dataset_id = v_run.dataset_id and m.number = v_run.mapping_number));
end
$$;
comment on function spillway.table_document(integer, uuid) is 'what whoever claims an import of a table is told of its dataset: {schema_version, columns: [{name, type, required}], mapping}; null where it is gone';
