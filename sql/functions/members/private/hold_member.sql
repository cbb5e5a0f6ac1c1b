create or replace function spillway.hold_member(p_workspace integer, p_id uuid) returns spillway.members
language plpgsql volatile set search_path = ''
as $$
declare
  v_member spillway.members;
begin
  select m.* into v_member from spillway.members m where m.workspace_id = p_workspace and m.id = p_id and m.removed_at is null for share;
  return v_member;
end
$$;
comment on function spillway.hold_member(integer, uuid) is
  'a member, who is neither removed nor may less until the end of the transaction; nulls where there is none. To be called before any key is locked';
