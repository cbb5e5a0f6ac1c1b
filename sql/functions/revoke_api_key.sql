create or replace function spillway.revoke_api_key(p_workspace text, p_id uuid) returns boolean
language sql volatile set search_path = ''
as $$
  with revoked as (
    update spillway.api_keys k set revoked_at = now()
    from spillway.workspaces w
    where w.name = p_workspace and k.workspace_id = w.id and k.id = p_id and k.revoked_at is null
    returning k.id
  )
  select exists (select from revoked)
$$;
comment on function spillway.revoke_api_key(text, uuid) is 'ends a key at once; false where the workspace has no such valid key';
