create or replace function spillway.close_unit(
  p_unit spillway.unit, p_lease interval, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  c_trial constant integer := spillway.trial_records();
  v_bytes bigint := greatest(p_unit.bytes_read, least(p_bytes_read, p_unit.ends_at));
  v_got_further boolean := p_records > 0 or p_checkpoint is distinct from p_unit.checkpoint;
  v_trial_failed boolean;
begin
  update spillway.import_segments s set checkpoint = p_checkpoint, bytes_read = v_bytes
  where s.workspace_id = p_unit.workspace_id and s.import_id = p_unit.import_id and s.segment = p_unit.segment;
  update spillway.import_queue q
  set available_at = clock_timestamp() + p_lease, fence = q.fence + 1, failures = case when v_got_further then 0 else q.failures end,
    stalled_at = case when not v_got_further then q.stalled_at end
  where q.import_id = p_unit.import_id and q.segment = p_unit.segment;
  update spillway.imports i
  set format = case when p_unit.format is null then p_format else i.format end, bytes_read = i.bytes_read + v_bytes - p_unit.bytes_read,
    items = i.items + p_records, updated_at = clock_timestamp(), version = i.version + 1,
    trial_failed = i.trial_failed or i.items < c_trial and i.items + p_records >= c_trial and i.errors * 2 > i.items + p_records
  where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id
  returning i.trial_failed into v_trial_failed;
  return case when v_trial_failed then 'trial_failed' else 'running' end;
end
$$;
comment on function spillway.close_unit(spillway.unit, interval, integer, text, bytea, bigint) is
  'ends a unit of work of any kind: checkpoint, progress, a longer lease and the next fence; p_records are those that it read, with those that cannot be used, whose number the import has by now. running, or trial_failed where more than half of the import''s first trial_records() cannot be used: then fail_trial is to be called';
