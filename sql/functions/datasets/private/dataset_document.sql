create or replace function spillway.dataset_document(d spillway.datasets) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return jsonb_build_object(
    'name', d.name, 'description', d.description, 'write', d.write_mode, 'key', d.key,
    'columns', spillway.dataset_columns_document(d),
    'partition', case d.partition_by when 'month' then jsonb_build_object('by', 'month', 'column', d.partition_column)
      when 'hash' then jsonb_build_object('by', 'hash', 'partitions', d.partitions) when 'arrival' then jsonb_build_object('by', 'arrival') end,
    'indexes', d.indexes, 'schema_version', d.schema_version, 'rows', d.rows, 'version', d.version,
    'mapping', (select max(m.number) from spillway.mappings m where m.workspace_id = d.workspace_id and m.dataset_id = d.id),
    'created_at', spillway.utc_text(d.created_at), 'updated_at', spillway.utc_text(d.updated_at),
    'links', (
      select jsonb_object_agg(l, concat('/api/v1/datasets/', d.name, '/' || nullif(l, 'self')))
      from unnest('{self,rows,aggregate,tail,mappings}'::text[]) l));
end
$$;
comment on function spillway.dataset_document(spillway.datasets) is 'a dataset as the API shows it; links are paths of the same host';
