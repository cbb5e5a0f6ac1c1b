create or replace function spillway.create_key(p_workspace integer, p_hash bytea, p_key jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
  v_member spillway.members;
begin
  v_key.workspace_id := p_workspace;
  v_key.name := p_key ->> 'name';
  v_key.hash := p_hash;
  v_key.scopes := spillway.scopes_of(p_key -> 'scopes');
  v_key.expires_at := spillway.end_of_key(p_key ->> 'expires_at');
  v_key.member_id := (p_key ->> 'member_id')::uuid;
  if v_key.member_id is not null then
    v_member := spillway.hold_member(p_workspace, v_key.member_id);
    if v_member.id is null then
      raise exception using errcode = 'SW422', message = 'there is no member of this member_id';
    end if;
    if not v_key.scopes <@ v_member.scopes then
      raise exception using errcode = 'SW422', message = format('a key may do no more than its member, who has %s', array_to_string(v_member.scopes, ', '));
    end if;
  end if;
  return spillway.make_key(v_key);
end
$$;
comment on function spillway.create_key(integer, bytea, jsonb) is
  'stores the SHA-256 of a new key {name, scopes, expires_at: see end_of_key, member_id}; SW403 where there are as many as there may be, SW422 where it cannot end then, or its member may less';
