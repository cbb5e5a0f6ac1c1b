create or replace function spillway.api_key_document(k spillway.api_keys) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object(
    'id', k.id, 'workspace', (select w.name from spillway.workspaces w where w.id = k.workspace_id), 'name', k.name, 'scopes', k.scopes,
    'member_id', k.member_id,
    'state', case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'valid' end,
    'created_at', spillway.utc_text(k.created_at), 'expires_at', spillway.utc_text(k.expires_at), 'last_used_at', spillway.utc_text(k.last_used_at),
    'revoked_at', spillway.utc_text(k.revoked_at));
end
$$;
comment on function spillway.api_key_document(spillway.api_keys) is 'a key as an operator sees it: all but the key';
