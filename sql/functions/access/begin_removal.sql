create or replace function spillway.begin_removal(p_name text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_workspace integer := (select w.id from spillway.workspaces w where w.name = p_name);
  v_removal spillway.removals;
begin
  if v_workspace is not null then
    -- Before the workspace: whoever puts a key in another's place holds that one, and comes to the workspace after it.
    perform from spillway.api_keys k where k.workspace_id = v_workspace and k.revoked_at is null order by k.id for no key update;
    update spillway.api_keys k set revoked_at = now() where k.workspace_id = v_workspace and k.revoked_at is null;
    -- Whoever makes an upload, an import or a key holds the workspace (hold_workspace): what they are at is there from here on, and no more comes.
    perform from spillway.workspaces w where w.id = v_workspace for update;
    update spillway.workspaces w set removed_at = now() where w.id = v_workspace and w.removed_at is null;
    insert into spillway.removals (workspace_id, name, removed_by) values (v_workspace, p_name, session_user) on conflict do nothing;
  end if;
  select r.* into v_removal from spillway.removals r
  where r.name = p_name and (v_workspace is null or r.workspace_id = v_workspace) order by r.begun_at desc limit 1;
  if not found then
    raise exception using errcode = 'SW404', message = format('there is no workspace of the name %s, and none was removed', p_name);
  end if;
  return spillway.removal_document(v_removal);
end
$$;
-- What is queued is not cancelled here: the places in the queue come before the workspace (locks are taken in one order), and none of them can be claimed now.
comment on function spillway.begin_removal(text) is
  'begins to remove a workspace, or finds the removal that has begun: its keys are revoked, and nothing of it is taken in, admitted or claimed from now on. remove_some does the rest. The removal as in removals; also one that has ended, where no workspace has that name. SW404 where there is neither';
