create or replace function spillway.create_api_key(
  p_workspace text, p_name text, p_hash bytea, p_scopes spillway.key_scope[], p_expires_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  insert into spillway.api_keys as k (workspace_id, name, hash, scopes, expires_at)
  select w.id, p_name, p_hash, p_scopes, p_expires_at from spillway.workspaces w
  where w.name = p_workspace and w.removed_at is null for key share
  returning k.* into v_key;
  if not found then
    raise exception using errcode = 'SW404', message = format(
      'there is no workspace of the name %s, or it is being removed; create-workspace makes one', p_workspace);
  end if;
  perform spillway.note_event(v_key.workspace_id, 'key.created', v_key.id::text, null, spillway.api_key_document(v_key));
  return spillway.api_key_document(v_key);
end
$$;
comment on function spillway.create_api_key(text, text, bytea, spillway.key_scope[], timestamptz) is
  'stores the SHA-256 of a new key for a workspace, until this time or, with null, for good; SW404 where there is no workspace of that name, or it is being removed';
