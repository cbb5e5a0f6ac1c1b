create or replace function spillway.finish_import(p_import uuid, p_attempt integer, p_fence bigint) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_workspace integer;
  v_segment smallint;
  v_import spillway.imports;
  v_error jsonb;
begin
  delete from spillway.import_queue q where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  returning q.workspace_id, q.segment into v_workspace, v_segment;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Of two segments that end at once, the second sees the first. With the last, nobody works on the import any more: then its row may be locked before findings.
  select i.* into strict v_import from spillway.imports i where i.workspace_id = v_workspace and i.id = p_import for no key update;
  if exists (select from spillway.import_queue q where q.import_id = p_import) then
    with ended as (
      update spillway.import_segments s set completed = true, checkpoint = null, bytes_read = coalesce(s.ends_at, i.size_bytes)
      from spillway.import_segments before join spillway.imports i on i.workspace_id = before.workspace_id and i.id = before.import_id
      where s.workspace_id = v_workspace and s.import_id = p_import and s.segment = v_segment
        and before.workspace_id = v_workspace and before.import_id = p_import and before.segment = v_segment
      returning s.bytes_read - before.bytes_read as bytes
    )
    update spillway.imports i
    set bytes_read = i.bytes_read + ended.bytes, updated_at = clock_timestamp(), version = i.version + 1
    from ended where i.workspace_id = v_workspace and i.id = p_import;
    return jsonb_build_object('state', 'running');
  end if;
  v_error := case when v_import.kind = 'table' then spillway.finish_run(v_import) end;
  if v_error is not null then
    return spillway.fail_finished(v_import, v_error);
  end if;
  delete from spillway.import_segments s where s.workspace_id = v_workspace and s.import_id = p_import;
  update spillway.imports i
  set state = 'completed', stage = 'done', bytes_read = i.size_bytes, finished_at = clock_timestamp(),
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import
  returning i.* into v_import;
  perform spillway.notify_completed(v_import);
  if v_import.kind = 'report' then
    perform spillway.close_missing_findings(v_workspace, v_import.scope);
    perform spillway.note_gate(v_workspace, p_import);
  end if;
  -- Last: nobody who uploads or ends an import waits for a long closing.
  perform spillway.leave_queue(v_workspace, p_import);
  return jsonb_build_object('state', 'completed');
end
$$;
comment on function spillway.finish_import(uuid, integer, bigint) is
  'ends a segment that is read to its end (running: others are left), and with the last of them the import: tells the workspace, and closes what its scope no longer shows; stale where the attempt is over or the fence is another';
