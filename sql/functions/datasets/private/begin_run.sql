create or replace function spillway.begin_run(p_workspace integer, p_import uuid, p_name text, p_mapping integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_mapping integer;
  v_generation integer;
begin
  update spillway.datasets d set last_run = d.last_run + 1 where d.workspace_id = p_workspace and d.id = v_dataset.id returning d.* into strict v_dataset;
  select max(m.number) into v_mapping from spillway.mappings m
  where m.workspace_id = p_workspace and m.dataset_id = v_dataset.id and (p_mapping is null or m.number = p_mapping);
  if v_mapping is null and p_mapping is not null then
    raise exception using errcode = 'SW422', message = format('the dataset has no mapping %s', p_mapping);
  end if;
  v_generation := v_dataset.generation;
  if v_dataset.write_mode = 'replace' then
    v_generation := v_dataset.last_run + 1;
    perform spillway.make_generation(v_dataset, v_generation);
  end if;
  insert into spillway.runs (workspace_id, import_id, dataset_id, run, mapping_number, generation)
  values (p_workspace, p_import, v_dataset.id, v_dataset.last_run, v_mapping, v_generation);
end
$$;
comment on function spillway.begin_run(integer, uuid, text, integer) is
  'makes an import one of a dataset, by this mapping or its newest; where it replaces, with a table of its own. SW404 where there is no such dataset, SW422 where it has no such mapping';
