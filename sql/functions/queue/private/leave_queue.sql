create or replace function spillway.leave_queue(p_workspace integer, p_import uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform spillway.count_findings(p_workspace, p_import);
  perform spillway.count_rows(p_workspace, p_import);
  update spillway.unindexed_imports u set ended_at = clock_timestamp(), after_id = null where u.workspace_id = p_workspace and u.import_id = p_import;
  update spillway.workspaces w set active_imports = w.active_imports - 1 where w.id = p_workspace;
  perform spillway.admit_imports(p_workspace);
end
$$;
comment on function spillway.leave_queue(integer, uuid) is
  'for whoever has ended an import, as the last thing: what it brought is counted for its workspace and its dataset, and to be indexed, and the next import is admitted';
