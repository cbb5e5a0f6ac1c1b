create or replace function spillway.ingest_batch(
  p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_batch jsonb, p_findings spillway.finding_columns,
  p_occurrences spillway.occurrence_columns, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_unit spillway.unit := spillway.open_unit(p_import, p_attempt, p_fence);
  v_refused boolean;
begin
  if v_unit.import_id is null then
    return jsonb_build_object('state', 'stale');
  end if;
  v_refused := spillway.store_report_batch(v_unit, p_batch, p_findings, p_occurrences);
  if v_refused and spillway.give_up_refused(v_unit) then
    -- The others of the batch may not have been tried: whoever has the import tried again begins with this batch.
    p_records := 0;
    p_checkpoint := v_unit.checkpoint;
    p_bytes_read := v_unit.bytes_read;
  end if;
  return jsonb_build_object('state', spillway.close_unit(v_unit, p_lease, p_records, p_format, p_checkpoint, p_bytes_read), 'refused', v_refused);
end
$$;
comment on function spillway.ingest_batch(uuid, integer, bigint, interval, jsonb, spillway.finding_columns, spillway.occurrence_columns, integer, text, bytea, bigint) is
  'one unit of a segment of an import: fence, {assets, problems, tools}, findings and occurrences, counts, checkpoint, progress and a longer lease in one statement; stale where the attempt is over or the fence is another, and then nothing is changed; trial_failed where more than half of the import''s first trial_records() cannot be used, or more than max_refused_records() were refused: then fail_trial is to be called. refused: some of it, perhaps a finding that later batches rely on, was not stored';
