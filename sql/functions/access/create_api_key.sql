create or replace function spillway.create_api_key(p_workspace text, p_name text, p_hash bytea, p_expires_at timestamptz default null)
returns jsonb
language sql volatile security definer set search_path = ''
as $$
  insert into spillway.api_keys (workspace_id, name, hash, expires_at)
  values (spillway.create_workspace(p_workspace), p_name, p_hash, p_expires_at)
  returning jsonb_build_object('id', id, 'workspace_id', workspace_id, 'name', name, 'expires_at', spillway.utc_text(expires_at))
$$;
comment on function spillway.create_api_key(text, text, bytea, timestamptz) is
  'stores the SHA-256 of a new key for the workspace of that name, which is made if there is none';
