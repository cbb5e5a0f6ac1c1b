create or replace function spillway.fail_import(p_import uuid, p_attempt integer, p_error jsonb, p_may_pass boolean) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_queue spillway.import_queue;
  v_import spillway.imports;
begin
  -- All segments, in the order in which everybody locks several: two may fail at once.
  perform from spillway.import_queue q where q.import_id = p_import order by q.segment for update;
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  if p_may_pass and v_queue.failures + 1 < spillway.max_failures()
    and (v_queue.stalled_at is null or v_queue.stalled_at > now() - spillway.max_stall())
  then
    update spillway.import_queue
    set claimed = false, failures = failures + 1, available_at = clock_timestamp() + spillway.retry_wait(failures)
    where import_id = p_import and segment = v_queue.segment;
    return jsonb_build_object('state', 'queued');
  end if;
  delete from spillway.import_queue where import_id = p_import;
  update spillway.imports i
  set state = 'failed', error = p_error, finished_at = clock_timestamp(), updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_queue.workspace_id and i.id = p_import
  returning i.* into v_import;
  perform spillway.notify(v_import.workspace_id, p_import, 'failed', 'Import failed',
    format('%s: %s; %s records were stored before', v_import.file_name, p_error ->> 'message', v_import.items - v_import.errors));
  perform spillway.leave_queue(v_import.workspace_id, p_import);
  return jsonb_build_object('state', 'failed');
end
$$;
comment on function spillway.fail_import(uuid, integer, jsonb, boolean) is
  'notes a failed attempt on a segment {code, message, offset, line}: what may pass is tried again after a growing wait, up to max_failures() times without progress; everything else ends the import, with all of its segments. What was stored stays';
