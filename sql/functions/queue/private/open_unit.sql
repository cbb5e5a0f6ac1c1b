create or replace function spillway.open_unit(p_import uuid, p_attempt integer, p_fence bigint) returns spillway.unit
language plpgsql volatile set search_path = ''
as $$
declare
  v_queue spillway.import_queue;
  v_unit spillway.unit;
begin
  -- The fence: whoever lost the import, works on a cancelled one, or has written what is not here, changes nothing. The lock keeps a new claim and a
  -- cancel waiting.
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  for no key update;
  if not found then
    return null;
  end if;
  -- Nobody waits for the disk: what a crash of the server takes back is read again. Who ends the import waits, and then all this is there, too, since the
  -- log is written in order. Two connections store 8 % more (medians of three, a disk that needs 0.4 ms); the slower the disk, the more.
  perform set_config('synchronous_commit', 'off', true);
  select s.workspace_id, s.import_id, v_queue.attempt, s.segment, s.checkpoint, s.bytes_read, coalesce(s.ends_at, i.size_bytes), s.format, s.entry_name,
    s.entry_starts_at, i.errors < spillway.max_kept_errors()
  into strict v_unit
  from spillway.import_segments s, spillway.imports i
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment
    and i.workspace_id = v_queue.workspace_id and i.id = p_import;
  return v_unit;
end
$$;
comment on function spillway.open_unit(uuid, integer, bigint) is
  'begins a unit of work of any kind on a claimed segment, and locks its place in the queue; null where the attempt is over or the fence is another: then nothing may be written. What comes between this and close_unit is in the same statement, and must not touch the row of imports before all else is written: other segments of the import wait for it';
