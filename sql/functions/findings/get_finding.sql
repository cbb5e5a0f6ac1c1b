create or replace function spillway.get_finding(p_workspace integer, p_finding uuid) returns jsonb
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_finding spillway.findings;
begin
  select f.* into v_finding from spillway.findings f where f.workspace_id = p_workspace and f.id = p_finding;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such finding';
  end if;
  return spillway.finding_document(v_finding);
end
$$;
comment on function spillway.get_finding(integer, uuid) is 'one finding; SW404 where the workspace has no such one';
