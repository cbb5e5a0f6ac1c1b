create or replace function spillway.remove_dataset(p_workspace integer, p_name text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_document jsonb := spillway.dataset_document(v_dataset) - 'links';
begin
  perform from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_dataset.id for update;
  if exists (
    select from spillway.runs r join spillway.imports i on i.workspace_id = r.workspace_id and i.id = r.import_id
    where r.workspace_id = p_workspace and r.dataset_id = v_dataset.id and i.active
  ) then
    raise exception using errcode = 'SW409', message = 'imports of the dataset are queued or running; cancel them, or wait until they have ended';
  end if;
  delete from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_dataset.id;
  perform spillway.note_event(p_workspace, 'dataset.removed', v_dataset.name, v_document, null);
  return v_document;
end
$$;
comment on function spillway.remove_dataset(integer, text) is
  'removes a dataset with its rows and mappings, and gives what it was; its imports stay. SW409 while imports of it are active, SW404 where there is none';
