create or replace function spillway.create_api_key(
  p_workspace text, p_name text, p_hash bytea, p_scopes spillway.key_scope[], p_expires_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  v_key.workspace_id := (select w.id from spillway.workspaces w where w.name = p_workspace and w.removed_at is null);
  if v_key.workspace_id is null then
    raise exception using errcode = 'SW404', message = format(
      'there is no workspace of the name %s, or it is being removed; create-workspace makes one', p_workspace);
  end if;
  v_key.name := p_name;
  v_key.hash := p_hash;
  v_key.scopes := p_scopes;
  v_key.expires_at := p_expires_at;
  return spillway.make_key(v_key);
end
$$;
comment on function spillway.create_api_key(text, text, bytea, spillway.key_scope[], timestamptz) is
  'stores the SHA-256 of a new key for a workspace, until this time or, with null, for good; SW404 where there is no workspace of that name, or it is being removed';
