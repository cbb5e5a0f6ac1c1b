create or replace function spillway.remove_member(p_workspace integer, p_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_member spillway.members;
begin
  update spillway.members m set removed_at = now()
  where m.workspace_id = p_workspace and m.id = p_id and m.removed_at is null
  returning m.* into v_member;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such member, or they are removed already';
  end if;
  perform spillway.hold_keys(p_workspace, p_id);
  perform spillway.note_event(p_workspace, 'member.removed', p_id::text, null, spillway.member_document(v_member));
  perform spillway.end_key(p_workspace, k.id) from spillway.api_keys k
  where k.workspace_id = p_workspace and k.member_id = p_id and k.revoked_at is null;
  return spillway.member_document(v_member);
end
$$;
comment on function spillway.remove_member(integer, uuid) is 'removes a member, whose keys are revoked, and whose sessions end with them; SW404 where there is none';
