create or replace function spillway.revoke_api_key(p_id uuid, p_hash bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  select k.* into v_key from spillway.api_keys k where k.id = p_id or k.hash = p_hash;
  return spillway.end_key(v_key.workspace_id, v_key.id);
end
$$;
comment on function spillway.revoke_api_key(uuid, bytea) is 'end_key for an operator: the one of this id or with this SHA-256, the other being null';
