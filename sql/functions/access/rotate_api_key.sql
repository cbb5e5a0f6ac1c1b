create or replace function spillway.rotate_api_key(p_id uuid, p_hash bytea, p_expires_at timestamptz, p_overlap interval) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  return spillway.replace_key((select k.workspace_id from spillway.api_keys k where k.id = p_id), p_id, p_hash, p_expires_at, p_overlap);
end
$$;
comment on function spillway.rotate_api_key(uuid, bytea, timestamptz, interval) is 'replace_key for an operator: of whatever workspace the key is';
