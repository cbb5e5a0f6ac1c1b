create or replace function spillway.change_dataset(p_workspace integer, p_name text, p_change jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_before jsonb := spillway.dataset_document(v_dataset) - 'links';
begin
  perform from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_dataset.id for update;
  if length(p_change ->> 'description') > 2000 then
    raise exception using errcode = 'SW422', message = 'a description has at most 2,000 characters';
  end if;
  update spillway.datasets d
  set description = coalesce(p_change ->> 'description', d.description), indexes = coalesce(p_change -> 'indexes', d.indexes),
    schema_version = d.schema_version + (p_change ? 'add_columns')::integer, version = d.version + 1, updated_at = now()
  where d.workspace_id = p_workspace and d.id = v_dataset.id
  returning d.* into v_dataset;
  if p_change ? 'add_columns' then
    if jsonb_array_length(p_change -> 'add_columns') = 0 then
      raise exception using errcode = 'SW422', message = 'add_columns has at least one column';
    end if;
    if exists (select from jsonb_array_elements(p_change -> 'add_columns') c where (c ->> 'required')::boolean) then
      raise exception using errcode = 'SW422', message = 'a column that is added cannot be required: the rows that are there have no value for it';
    end if;
    perform spillway.add_columns(v_dataset, p_change -> 'add_columns');
    execute format('alter table %s %s', spillway.data_table(v_dataset.id, v_dataset.generation), (
      select string_agg(format('add column %I %s', c.name, c.type), ', ' order by c.ordinal) from spillway.dataset_columns c
      where c.workspace_id = p_workspace and c.dataset_id = v_dataset.id and c.schema_version = v_dataset.schema_version));
    perform spillway.make_put(v_dataset, v_dataset.generation);
  end if;
  if p_change ? 'indexes' then
    if exists (select from jsonb_array_elements(v_before -> 'indexes') i where i not in (select jsonb_array_elements(v_dataset.indexes))) then
      raise exception using errcode = 'SW422', message = 'indexes are added, and none is removed: name those that the dataset has, too';
    end if;
    perform spillway.check_dataset(v_dataset);
    perform spillway.make_indexes(v_dataset, v_dataset.generation);
  end if;
  perform spillway.note_event(p_workspace, 'dataset.changed', v_dataset.name, v_before, spillway.dataset_document(v_dataset) - 'links');
  return spillway.dataset_document(v_dataset);
end
$$;
comment on function spillway.change_dataset(integer, text, jsonb) is
  'changes a dataset {description, add_columns: [{name, type}], indexes: all that it is to have, to which those that it has belong}. SW404 where there is none, SW422 where something cannot be';
