create or replace function spillway.finish_import(p_import uuid, p_attempt integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_workspace integer;
  v_import spillway.imports;
begin
  delete from spillway.import_queue q where q.import_id = p_import and q.attempt = p_attempt and q.claimed
  returning q.workspace_id into v_workspace;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  update spillway.imports i
  set state = 'completed', stage = 'done', checkpoint = null, bytes_read = i.size_bytes, finished_at = clock_timestamp(),
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import
  returning i.* into v_import;
  perform spillway.admit_imports(v_workspace);
  perform spillway.notify_completed(v_import);
  perform spillway.close_missing_findings(v_workspace, v_import.scope);
  return jsonb_build_object('state', 'completed');
end
$$;
comment on function spillway.finish_import(uuid, integer) is
  'ends an import whose report is read to its end, tells the workspace, and closes what its scope no longer shows; stale where the attempt is over';
