create or replace function spillway.cancel_import(p_workspace integer, p_import uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  -- Without its queue rows no drain can write for the import any more: a running one learns it with its next batch.
  perform from spillway.import_queue q where q.workspace_id = p_workspace and q.import_id = p_import order by q.segment for update;
  delete from spillway.import_queue where workspace_id = p_workspace and import_id = p_import;
  update spillway.imports i
  set state = 'cancelled', finished_at = now(), updated_at = now(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('queued', 'running')
  returning i.* into v_import;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'only a queued or running one can be cancelled');
  end if;
  perform spillway.note_event(p_workspace, 'import.cancelled', p_import::text, null, null);
  perform spillway.leave_queue(p_workspace, p_import);
  return spillway.import_document(v_import);
end
$$;
comment on function spillway.cancel_import(integer, uuid) is
  'ends a queued or running import and keeps what it stored; SW409 where it has ended, SW404 where the workspace has no such import';
