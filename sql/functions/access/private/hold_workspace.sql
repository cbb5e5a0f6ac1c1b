create or replace function spillway.hold_workspace(p_workspace integer) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform from spillway.workspaces w where w.id = p_workspace and w.removed_at is null for key share;
  if not found then
    raise exception using errcode = 'SW401', message = 'the workspace of the API key was removed';
  end if;
end
$$;
comment on function spillway.hold_workspace(integer) is
  'for whoever makes something of a workspace: keeps it from being removed until the end of the transaction. SW401 where its removal has begun';
