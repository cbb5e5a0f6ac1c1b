create or replace function spillway.take_back_imports() returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_removed spillway.removed_imports;
begin
  select r.* into v_removed from spillway.removed_imports r join spillway.workspaces w on w.id = r.workspace_id
  where r.ended_at is null and w.removed_at is null order by r.removed_at limit 1 for update of r skip locked;
  if not found then
    return false;
  end if;
  v_removed := spillway.go_on_removing(v_removed, spillway.removal_step());
  return exists (
    select from spillway.removed_imports r join spillway.workspaces w on w.id = r.workspace_id where r.ended_at is null and w.removed_at is null);
end
$$;
comment on function spillway.take_back_imports() is
  'one step of the removal that began first and that nobody else is at: at most removal_step() occurrences, findings and assets; gives whether there is more to do';
