create or replace function spillway.replace_key(p_workspace integer, p_id uuid, p_hash bytea, p_expires_at timestamptz, p_overlap interval) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_key spillway.api_keys;
  v_before jsonb;
begin
  perform spillway.hold_member(p_workspace, (select k.member_id from spillway.api_keys k where k.workspace_id = p_workspace and k.id = p_id));
  update spillway.api_keys k set expires_at = least(coalesce(k.expires_at, 'infinity'), now() + p_overlap)
  where k.workspace_id = p_workspace and k.id = p_id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  returning k.* into v_key;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no valid key of this id';
  end if;
  v_before := spillway.api_key_document(v_key);
  v_key.hash := p_hash;
  v_key.expires_at := p_expires_at;
  v_key := spillway.add_key(v_key);
  perform spillway.note_event(v_key.workspace_id, 'key.rotated', v_key.id::text, v_before, spillway.api_key_document(v_key));
  return spillway.api_key_document(v_key);
end
$$;
comment on function spillway.replace_key(integer, uuid, bytea, timestamptz, interval) is
  'stores the SHA-256 of a key that takes the place of another, with its name and scopes; that one is valid for p_overlap from now on, or less. SW404 where it is not valid, SW403 where there are as many as there may be';
