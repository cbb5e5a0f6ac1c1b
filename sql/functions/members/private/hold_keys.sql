create or replace function spillway.hold_keys(p_workspace integer, p_member uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform from spillway.api_keys k
  where k.workspace_id = p_workspace and k.member_id = p_member and k.revoked_at is null order by k.id for no key update;
end
$$;
comment on function spillway.hold_keys(integer, uuid) is
  'locks the keys of a member that are not revoked. To be called before the workspace is: an event holds that';
