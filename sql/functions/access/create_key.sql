create or replace function spillway.create_key(p_workspace integer, p_hash bytea, p_key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  v_key.workspace_id := p_workspace;
  v_key.name := p_key ->> 'name';
  v_key.hash := p_hash;
  v_key.scopes := array(select jsonb_array_elements_text(p_key -> 'scopes'))::spillway.key_scope[];
  v_key.expires_at := spillway.end_of_key(p_key ->> 'expires_at');
  return spillway.make_key(v_key);
end
$$;
comment on function spillway.create_key(integer, bytea, jsonb) is
  'stores the SHA-256 of a new key {name, scopes, expires_at: see end_of_key}; SW403 where there are as many as there may be, SW422 where it cannot end then';
