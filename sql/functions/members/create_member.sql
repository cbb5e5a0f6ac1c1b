create or replace function spillway.create_member(p_workspace integer, p_member jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_member spillway.members;
begin
  -- Counted by one at a time, so that the limit is exact.
  perform from spillway.workspaces w where w.id = p_workspace for no key update;
  perform spillway.hold_workspace(p_workspace);
  if (select count(*) from spillway.members m where m.workspace_id = p_workspace and m.removed_at is null) >= spillway.max_members() then
    perform spillway.refuse(403, 'members-quota', 'The workspace has as many members as it may have',
      format('a workspace may have %s members; remove one who left', spillway.max_members()),
      jsonb_build_object('members', jsonb_build_object('limit', spillway.max_members())));
  end if;
  begin
    insert into spillway.members as m (workspace_id, id, name, email, scopes)
    values (p_workspace, spillway.new_id(), p_member ->> 'name', p_member ->> 'email', spillway.scopes_of(p_member -> 'scopes'))
    returning m.* into v_member;
  exception when unique_violation then
    perform spillway.refuse_taken_email(p_member ->> 'email');
  end;
  perform spillway.note_event(p_workspace, 'member.created', v_member.id::text, null, spillway.member_document(v_member));
  return spillway.member_document(v_member);
end
$$;
comment on function spillway.create_member(integer, jsonb) is
  'makes a member {name, email, scopes}; SW409 where a present one has the address, SW403 where there are as many as there may be';
