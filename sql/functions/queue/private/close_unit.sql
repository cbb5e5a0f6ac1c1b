create or replace function spillway.close_unit(
  p_unit spillway.unit, p_lease interval, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_bytes bigint := greatest(p_unit.bytes_read, least(p_bytes_read, p_unit.ends_at));
  v_got_further boolean := p_records > 0 or p_checkpoint is distinct from p_unit.checkpoint;
begin
  update spillway.import_segments s set checkpoint = p_checkpoint, bytes_read = v_bytes
  where s.workspace_id = p_unit.workspace_id and s.import_id = p_unit.import_id and s.segment = p_unit.segment;
  update spillway.import_queue q
  set available_at = clock_timestamp() + p_lease, fence = q.fence + 1, failures = case when v_got_further then 0 else q.failures end,
    stalled_at = case when not v_got_further then q.stalled_at end
  where q.import_id = p_unit.import_id and q.segment = p_unit.segment;
  update spillway.imports i
  set format = case when p_unit.format is null then p_format else i.format end, bytes_read = i.bytes_read + v_bytes - p_unit.bytes_read,
    items = i.items + p_records, updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id
  returning i.* into v_import;
  if v_import.items - p_records < spillway.trial_records() and v_import.items >= spillway.trial_records() and v_import.errors * 2 > v_import.items then
    return spillway.fail_import(p_unit.import_id, p_unit.attempt, jsonb_build_object('code', 'too_many_errors', 'message',
      format('%s of the first %s records cannot be used; the list of errors says why', v_import.errors, v_import.items)), false) ->> 'state';
  end if;
  return 'running';
end
$$;
comment on function spillway.close_unit(spillway.unit, interval, integer, text, bytea, bigint) is
  'ends a unit of work of any kind: checkpoint, progress, a longer lease and the next fence; p_records are those that it read, with those that cannot be used, whose number the import has by now. running; failed where more than half of the first trial_records() cannot be used';
