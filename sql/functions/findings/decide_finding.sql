create or replace function spillway.decide_finding(p_workspace integer, p_finding uuid, p_status spillway.finding_status) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update spillway.findings f
  set status = p_status, decided_at = case when p_status <> 'open' then clock_timestamp() end, closed_import_id = null
  where f.workspace_id = p_workspace and f.id = p_finding;
  return spillway.get_finding(p_workspace, p_finding);
end
$$;
comment on function spillway.decide_finding(integer, uuid, spillway.finding_status) is
  'sets the status of a finding as a person decided; open leaves it to the imports again. SW404 where the workspace has no such finding';
