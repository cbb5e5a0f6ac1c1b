create or replace function spillway.create_workspace(p_name text) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_id integer;
  v_removed_at timestamptz;
begin
  insert into spillway.workspaces (name) values (p_name) on conflict (name) do nothing returning id into v_id;
  if found then
    perform spillway.note_event(v_id, 'workspace.created', v_id::text, null, spillway.workspace_document(v_id));
    return v_id;
  end if;
  select w.id, w.removed_at into v_id, v_removed_at from spillway.workspaces w where w.name = p_name;
  if v_removed_at is not null then
    raise exception using errcode = 'SW409', message = format('the workspace %s is being removed; its name is free when that has ended', p_name);
  end if;
  return v_id;
end
$$;
comment on function spillway.create_workspace(text) is
  'the id of the workspace of that name, which is made if there is none; SW409 where it is being removed';
