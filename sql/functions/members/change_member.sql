create or replace function spillway.change_member(p_workspace integer, p_id uuid, p_change jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_before spillway.members;
  v_member spillway.members;
begin
  select m.* into v_before from spillway.members m where m.workspace_id = p_workspace and m.id = p_id and m.removed_at is null for no key update;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such member';
  end if;
  begin
    update spillway.members m
    set name = coalesce(p_change ->> 'name', m.name), email = coalesce(p_change ->> 'email', m.email),
      scopes = case when p_change ? 'scopes' then spillway.scopes_of(p_change -> 'scopes') else m.scopes end
    where m.workspace_id = p_workspace and m.id = p_id
    returning m.* into v_member;
  exception when unique_violation then
    perform spillway.refuse_taken_email(p_change ->> 'email');
  end;
  perform spillway.hold_keys(p_workspace, p_id);
  perform spillway.note_event(p_workspace, 'member.changed', p_id::text, spillway.member_document(v_before), spillway.member_document(v_member));
  perform spillway.narrow_keys(v_member);
  return spillway.member_document(v_member);
end
$$;
comment on function spillway.change_member(integer, uuid, jsonb) is
  'changes of a member {name, email, scopes} what is said; keys of theirs lose the scopes that they no longer have. SW404 where there is none, SW409 where another has the address';
