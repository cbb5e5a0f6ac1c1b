create or replace function spillway.add_mapping(p_workspace integer, p_name text, p_mapping jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_most constant integer := 10000;
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_mapping spillway.mappings;
begin
  perform from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_dataset.id for no key update;
  insert into spillway.mappings (workspace_id, dataset_id, number, document)
  select p_workspace, v_dataset.id, coalesce(max(m.number), 0) + 1, p_mapping
  from spillway.mappings m where m.workspace_id = p_workspace and m.dataset_id = v_dataset.id having coalesce(max(m.number), 0) < c_most
  returning * into v_mapping;
  if not found then
    raise exception using errcode = 'SW422', message = format('a dataset may have %s mappings', c_most);
  end if;
  perform spillway.note_event(p_workspace, 'mapping.created', v_dataset.name, null, jsonb_build_object('number', v_mapping.number));
  return spillway.mapping_document(v_mapping);
end
$$;
comment on function spillway.add_mapping(integer, text, jsonb) is 'the next mapping of a dataset, which imports use from now on; SW404 where there is no such dataset';
