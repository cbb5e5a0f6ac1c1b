create or replace function spillway.narrow_keys(p_member spillway.members) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_key spillway.api_keys;
  v_before jsonb;
begin
  for v_key in
    select k.* from spillway.api_keys k
    where k.workspace_id = p_member.workspace_id and k.member_id = p_member.id and k.revoked_at is null and not k.scopes <@ p_member.scopes
  loop
    if v_key.scopes && p_member.scopes then
      v_before := spillway.api_key_document(v_key);
      v_key.scopes := array(select s from unnest(v_key.scopes) s where s = any (p_member.scopes));
      update spillway.api_keys k set scopes = v_key.scopes where k.workspace_id = v_key.workspace_id and k.id = v_key.id;
      perform spillway.note_event(v_key.workspace_id, 'key.narrowed', v_key.id::text, v_before, spillway.api_key_document(v_key));
    else
      perform spillway.end_key(v_key.workspace_id, v_key.id);
    end if;
  end loop;
end
$$;
comment on function spillway.narrow_keys(spillway.members) is 'takes from the keys of a member the scopes that the member does not have, and ends those that would have none left. They are held (hold_keys)';
