create or replace function spillway.finish_import(p_import uuid, p_attempt integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  delete from spillway.import_queue q using spillway.imports i
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed and i.workspace_id = q.workspace_id and i.id = q.import_id
  returning i.* into v_import;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  update spillway.imports i
  set state = 'completed', stage = 'done', checkpoint = null, bytes_read = i.size_bytes, finished_at = now(), updated_at = now(),
    version = i.version + 1
  where i.workspace_id = v_import.workspace_id and i.id = p_import;
  perform spillway.notify(v_import.workspace_id, p_import, case when v_import.errors = 0 then 'completed' else 'warning' end::spillway.notification_kind,
    case when v_import.errors = 0 then 'Import completed' else 'Import completed with errors' end,
    format('%s: %s findings are new, %s updated, %s reopened', v_import.file_name, v_import.findings_new, v_import.findings_updated,
      v_import.findings_reopened) || case when v_import.errors = 0 then '' else format('; %s records could not be stored', v_import.errors) end);
  return jsonb_build_object('state', 'completed');
end
$$;
comment on function spillway.finish_import(uuid, integer) is 'ends an import whose report is read to its end, and tells the workspace; stale where the attempt is over';
