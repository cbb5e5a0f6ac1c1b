create or replace function spillway.cut_segment(
  p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_offsets bigint[], p_checkpoints text[]
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_queue spillway.import_queue;
  v_segment spillway.import_segments;
  v_last smallint;
begin
  update spillway.import_queue q set available_at = clock_timestamp() + p_lease, fence = q.fence + 1
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  returning q.* into v_queue;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Two segments of an import may be cut at once: their parts must get other numbers.
  perform from spillway.imports i where i.workspace_id = v_queue.workspace_id and i.id = p_import for no key update;
  select max(s.segment) into v_last from spillway.import_segments s where s.workspace_id = v_queue.workspace_id and s.import_id = p_import;
  select s.* into v_segment from spillway.import_segments s
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  if p_offsets[1] <= v_segment.bytes_read then
    raise exception using errcode = 'check_violation', message = 'a segment cannot be cut in what is read already';
  end if;
  update spillway.import_segments s set ends_at = p_offsets[1]
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  with cuts as (
    select v_last + n as segment, c.starts_at, coalesce(lead(c.starts_at) over (order by n), v_segment.ends_at) as ends_at, c.checkpoint
    from unnest(p_offsets, p_checkpoints) with ordinality as c (starts_at, checkpoint, n)
  ), added as (
    insert into spillway.import_segments (
      workspace_id, import_id, segment, starts_at, ends_at, bytes_read, checkpoint, entry_name, entry_starts_at, entry_ends_at, format)
    select v_queue.workspace_id, p_import, c.segment, c.starts_at, c.ends_at, c.starts_at, decode(c.checkpoint, 'base64'),
      v_segment.entry_name, v_segment.entry_starts_at, v_segment.entry_ends_at, v_segment.format from cuts c
  )
  insert into spillway.import_queue (workspace_id, import_id, segment, priority, admitted, turn_at)
  select v_queue.workspace_id, p_import, c.segment, v_queue.priority, true, v_queue.turn_at from cuts c;
  return jsonb_build_object('state', 'running');
end
$$;
comment on function spillway.cut_segment(uuid, integer, bigint, interval, bigint[], text[]) is
  'cuts what is left of the segment of an attempt at these offsets, in ascending order: it keeps the part before the first, the others become segments of their own, each with its decoder''s checkpoint (base64). A longer lease; stale where the attempt is over or the fence is another, and then nothing is changed';
