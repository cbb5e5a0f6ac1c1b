create or replace function spillway.create_dataset(p_workspace integer, p_dataset jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_dataset spillway.datasets;
  v_partition jsonb := nullif(p_dataset -> 'partition', 'null');
begin
  perform spillway.hold_workspace(p_workspace);
  if (select count(*) from spillway.datasets d where d.workspace_id = p_workspace) >= spillway.max_datasets() then
    perform spillway.refuse(403, 'datasets-quota', 'The workspace has as many datasets as it may have',
      format('a workspace may have %s datasets; remove one that nobody needs', spillway.max_datasets()));
  end if;
  begin
    insert into spillway.datasets as d (
      workspace_id, name, description, write_mode, key, partition_by, partition_column, partitions, indexes)
    values (p_workspace, p_dataset ->> 'name', coalesce(p_dataset ->> 'description', ''), coalesce(p_dataset ->> 'write', 'append')::spillway.write_mode,
      array(select jsonb_array_elements_text(coalesce(p_dataset -> 'key', '[]'))), v_partition ->> 'by', v_partition ->> 'column',
      (v_partition ->> 'partitions')::smallint, coalesce(p_dataset -> 'indexes', '[]'))
    returning d.* into v_dataset;
  exception
    when unique_violation then
      raise exception using errcode = 'SW409', message = format('there is a dataset of the name %s already', p_dataset ->> 'name');
    when check_violation or invalid_text_representation or numeric_value_out_of_range then
      raise exception using errcode = 'SW422', message = concat(
        'a dataset has a name of at most 63 lower-case letters, digits, _ and - that begins with a letter and is not preview, and a description of at most 2,000 characters; write is append, merge (with a key of at most 16 ',
        'columns) or replace; partition is {"by": "month", "column": …}, {"by": "arrival"}, or with a key {"by": "hash", "partitions": 2 to 64}');
  end;
  if jsonb_array_length(p_dataset -> 'columns') = 0 then
    raise exception using errcode = 'SW422', message = 'a dataset has at least one column';
  end if;
  perform spillway.add_columns(v_dataset, p_dataset -> 'columns');
  -- Each of them is what it is used for.
  update spillway.dataset_columns c set required = true
  where c.workspace_id = p_workspace and c.dataset_id = v_dataset.id and (c.name = any (v_dataset.key) or c.name = v_dataset.partition_column);
  perform spillway.check_dataset(v_dataset);
  perform spillway.make_generation(v_dataset, v_dataset.generation);
  if p_dataset -> 'mapping' <> 'null' then
    insert into spillway.mappings (workspace_id, dataset_id, number, document) values (p_workspace, v_dataset.id, 1, p_dataset -> 'mapping');
  end if;
  perform spillway.note_event(p_workspace, 'dataset.created', v_dataset.name, null, spillway.dataset_document(v_dataset) - 'links');
  return spillway.dataset_document(v_dataset);
end
$$;
comment on function spillway.create_dataset(integer, jsonb) is
  'makes a dataset {name, description, columns: [{name, type, required}], write, key, partition, indexes: [{columns, kind}], mapping}, and its table. SW409 where the name is taken, SW422 where something of it cannot be, SW403 where the workspace has as many as it may';
