create or replace function spillway.add_key(p_key spillway.api_keys) returns spillway.api_keys
language plpgsql volatile set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  -- Counted by one at a time, so that the limit is exact.
  perform from spillway.workspaces w where w.id = p_key.workspace_id and w.removed_at is null for no key update;
  if not found then
    raise exception using errcode = 'SW404', message = 'the workspace of the key is being removed';
  end if;
  if (
    select count(*) from spillway.api_keys k
    where k.workspace_id = p_key.workspace_id and k.revoked_at is null and coalesce(k.expires_at, 'infinity') > now()
  ) >= spillway.max_keys() then
    perform spillway.refuse(403, 'keys-quota', 'The workspace has as many keys as it may have',
      format('a workspace may have %s valid keys; revoke one that nobody needs', spillway.max_keys()),
      jsonb_build_object('members', jsonb_build_object('limit', spillway.max_keys())));
  end if;
  insert into spillway.api_keys as k (workspace_id, name, hash, scopes, expires_at, member_id)
  values (p_key.workspace_id, p_key.name, p_key.hash, p_key.scopes, p_key.expires_at, p_key.member_id)
  returning k.* into v_key;
  return v_key;
end
$$;
comment on function spillway.add_key(spillway.api_keys) is
  'stores a key of a workspace by what it is given of it; SW403 where the workspace has as many valid ones as it may, SW404 where it is being removed';
