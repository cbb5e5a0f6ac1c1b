create or replace function spillway.run_document(p_workspace integer, p_import uuid) returns json
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return (
    select json_build_object('name', d.name, 'write', d.write_mode, 'run', r.run, 'mapping', r.mapping_number,
      'links', json_build_object('self', concat('/api/v1/datasets/', d.name), 'rows', concat('/api/v1/datasets/', d.name, '/rows')))
    from spillway.runs r join spillway.datasets d on d.workspace_id = r.workspace_id and d.id = r.dataset_id
    where r.workspace_id = p_workspace and r.import_id = p_import);
end
$$;
comment on function spillway.run_document(integer, uuid) is 'the dataset of an import, as the import shows it; null where it was removed';
