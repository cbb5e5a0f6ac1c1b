create or replace function spillway.retry_import(p_workspace integer, p_import uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  -- Nothing begins to be removed meanwhile.
  perform spillway.lock_storing(p_workspace, false);
  perform spillway.check_no_removal(p_workspace, p_import);
  if exists (select from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import and i.kind = 'table') then
    perform spillway.run_of_import(p_workspace, p_import);
  end if;
  update spillway.imports i
  set state = 'queued', error = null, trial_failed = false, finished_at = null, updated_at = now(), version = i.version + 1,
    stage = case when i.items = 0 then 'queued' else i.stage end
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('failed', 'cancelled') and i.report_removed_at is null
  returning i.* into v_import;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'only a failed or cancelled one whose report is still there can be tried again');
  end if;
  -- The attempts go on counting: a drain of before must not be taken for one of now.
  insert into spillway.import_queue (workspace_id, import_id, segment, attempt)
  select p_workspace, p_import, s.segment, v_import.attempt from spillway.import_segments s
  where s.workspace_id = p_workspace and s.import_id = p_import and not s.completed;
  perform spillway.note_event(p_workspace, 'import.retried', p_import::text, null, null);
  update spillway.workspaces w set active_imports = w.active_imports + 1 where w.id = p_workspace;
  perform spillway.admit_imports(p_workspace);
  return spillway.import_document(v_import);
end
$$;
comment on function spillway.retry_import(integer, uuid) is
  'queues a failed or cancelled import again, each segment at the place where it stopped; SW409 in any other state or when its report or its dataset was removed, SW404 where the workspace has no such import';
