create or replace function spillway.count_findings(p_workspace integer, p_import uuid) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_more bigint;
begin
  select i.findings_new - i.findings_counted into v_more from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if v_more <> 0 then
    update spillway.imports i set findings_counted = i.findings_new where i.workspace_id = p_workspace and i.id = p_import;
    update spillway.workspaces w set findings = w.findings + v_more where w.id = p_workspace;
  end if;
end
$$;
comment on function spillway.count_findings(integer, uuid) is
  'counts for the workspace what an import has brought of new findings since that was last counted; for whoever has the import''s row locked';
