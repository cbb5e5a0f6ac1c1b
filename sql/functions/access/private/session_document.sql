create or replace function spillway.session_document(p_workspace integer, p_key uuid, p_hash bytea) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('workspace', w.name, 'key', jsonb_build_object('id', k.id, 'name', k.name, 'scopes', k.scopes),
      'member', (select jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email) from spillway.members m
        where m.workspace_id = k.workspace_id and m.id = k.member_id),
      'expires_at', spillway.utc_text(least(k.expires_at, s.expires_at)))
    from spillway.api_keys k join spillway.workspaces w on w.id = k.workspace_id
      left join spillway.sessions s on s.workspace_id = k.workspace_id and s.key_id = k.id and s.hash = p_hash
    where k.workspace_id = p_workspace and k.id = p_key
  );
end
$$;
comment on function spillway.session_document(integer, uuid, bytea) is
  'who calls: the workspace, the key, the member whose it is, and until when that holds; of a session (the SHA-256 of its token) it is also its own end';
