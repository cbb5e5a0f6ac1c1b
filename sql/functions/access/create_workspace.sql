create or replace function spillway.create_workspace(p_name text) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_id integer;
begin
  insert into spillway.workspaces (name) values (p_name) on conflict (name) do nothing returning id into v_id;
  if not found then
    return (select w.id from spillway.workspaces w where w.name = p_name);
  end if;
  perform spillway.note_event(v_id, 'workspace.created', v_id::text, null, spillway.workspace_document(v_id));
  return v_id;
end
$$;
comment on function spillway.create_workspace(text) is 'the id of the workspace of that name, which is made if there is none';
