create or replace function spillway.cut_segment(
  p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_offset bigint, p_checkpoint bytea
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_queue spillway.import_queue;
  v_segment spillway.import_segments;
  v_new smallint;
begin
  update spillway.import_queue q set available_at = clock_timestamp() + p_lease, fence = q.fence + 1
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  returning q.* into v_queue;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Two segments of an import may be cut at once: their parts must get other numbers.
  perform from spillway.imports i where i.workspace_id = v_queue.workspace_id and i.id = p_import for no key update;
  select max(s.segment) + 1 into v_new from spillway.import_segments s where s.workspace_id = v_queue.workspace_id and s.import_id = p_import;
  select s.* into v_segment from spillway.import_segments s
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  if p_offset <= v_segment.bytes_read then
    raise exception using errcode = 'check_violation', message = 'a segment cannot be cut in what is read already';
  end if;
  update spillway.import_segments s set ends_at = p_offset
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  insert into spillway.import_segments (
    workspace_id, import_id, segment, starts_at, ends_at, bytes_read, checkpoint, entry_name, entry_starts_at, entry_ends_at, format)
  values (v_queue.workspace_id, p_import, v_new, p_offset, v_segment.ends_at, p_offset, p_checkpoint, v_segment.entry_name,
    v_segment.entry_starts_at, v_segment.entry_ends_at, v_segment.format);
  insert into spillway.import_queue (workspace_id, import_id, segment, priority, admitted, turn_at)
  values (v_queue.workspace_id, p_import, v_new, v_queue.priority, true, v_queue.turn_at);
  return jsonb_build_object('state', 'running');
end
$$;
comment on function spillway.cut_segment(uuid, integer, bigint, interval, bigint, bytea) is
  'cuts what is left of the segment of an attempt at this offset: it keeps the part before it, the other becomes a segment of its own, with this checkpoint of its decoder. A longer lease; stale where the attempt is over or the fence is another, and then nothing is changed';
