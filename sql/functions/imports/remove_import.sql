create or replace function spillway.remove_import(p_workspace integer, p_import uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_removed spillway.removed_imports;
  v_closes boolean;
begin
  perform spillway.hold_workspace(p_workspace);
  select r.* into v_removed from spillway.removed_imports r where r.workspace_id = p_workspace and r.id = p_import;
  if found then
    return spillway.removed_import_document(v_removed);
  end if;
  -- Nothing is stored or closed while it is looked at.
  perform spillway.lock_storing(p_workspace, true);
  perform spillway.lock_closing(p_workspace);
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import for update skip locked;
  if not found then
    -- Its row comes before lock_closing where it ends: not to be waited for here.
    perform spillway.refuse_step(p_workspace, p_import, 'somebody is changing it at this moment, try again');
  end if;
  v_closes := spillway.import_that_closes(v_import) is not null;
  perform spillway.check_removable(v_import, v_closes);
  delete from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  insert into spillway.removed_imports (workspace_id, id, scope, closes, tools, started_at, weighs_closings, closing_stopped_at)
  select p_workspace, p_import, v_import.scope, v_import.close_missing and v_import.state = 'completed' and v_import.errors = 0, v_import.tools,
    v_import.started_at, v_closes, coalesce(min(r.closing_stopped_at), clock_timestamp())
  from spillway.removed_imports r where r.workspace_id = p_workspace and r.ended_at is null
  returning * into v_removed;
  if v_import.report_removed_at is null then
    -- As claim_leftovers does: the drain finds it here until the store has removed it.
    insert into spillway.uploads (workspace_id, id, object_key, started_at, seen_at, abandoned_at)
    values (p_workspace, p_import, v_import.object_key, '-infinity', '-infinity', now()) on conflict do nothing;
  end if;
  perform spillway.note_event(p_workspace, 'import.removed', p_import::text, jsonb_build_object('file_name', v_import.file_name,
    'size_bytes', v_import.size_bytes, 'sha256', encode(v_import.sha256, 'hex'), 'format', v_import.format, 'scope', v_import.scope,
    'created_at', spillway.utc_text(v_import.created_at)), null);
  -- Most are small, and gone at once.
  v_removed := spillway.take_back_some(v_removed, spillway.removal_step());
  if v_removed.ended_at is not null then
    perform spillway.close_after_removals(v_removed);
  end if;
  update spillway.workspaces w
  set findings = w.findings - v_import.findings_counted,
    stored_bytes = w.stored_bytes - case when v_import.report_removed_at is null then v_import.size_bytes else 0 end
  where w.id = p_workspace;
  return spillway.removed_import_document(v_removed);
end
$$;
comment on function spillway.remove_import(integer, uuid) is
  'removes an import of a report that has ended, as if it had not been: at once its row, errors, notifications and Idempotency-Key; what it stored in steps, the first of them here and the others by take_back_imports. {id, state: removing or removed, findings_taken_back, removed_at, ended_at, poll_after_ms}; the same again for one that was removed. SW409 where it is queued or running, an import of a table, or it cannot be told what there would be without it; then nothing is changed. SW404 where the workspace has no such import';
