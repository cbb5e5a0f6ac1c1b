create or replace function spillway.take_back_closing(p_removed spillway.removed_imports, p_finding uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_finding spillway.findings;
begin
  select f.* into v_finding from spillway.findings f
  where f.workspace_id = p_removed.workspace_id and f.id = p_finding for no key update nowait;
  delete from spillway.closed_scopes c
  where c.workspace_id = p_removed.workspace_id and c.import_id = p_removed.id and c.finding_id = p_finding;
  return case when v_finding.id is null then '[]'
    else spillway.settle_finding(p_removed, v_finding, spillway.finding_course(v_finding, p_removed.closing_stopped_at)) end;
end
$$;
comment on function spillway.take_back_closing(spillway.removed_imports, uuid) is 'the same as take_back_finding, of a finding that a removed import did not see, and so closed';
