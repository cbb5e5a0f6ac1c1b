create or replace function spillway.ingest_rows(
  p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text,
  p_problems jsonb, p_counts jsonb, p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_unit spillway.unit := spillway.open_unit(p_import, p_attempt, p_fence);
  v_records integer := (p_counts ->> 'read')::integer;
  v_months date[];
begin
  if v_unit.import_id is null then
    return jsonb_build_object('state', 'stale');
  end if;
  v_months := spillway.store_rows(v_unit, p_schema_version, p_columns, p_offsets, p_rescued, p_problems, p_counts);
  if v_months is not null then
    -- Nothing was stored. Partitions are made by a statement of its own, which holds its locks but for that.
    return jsonb_build_object('state', 'running', 'months', v_months);
  end if;
  if spillway.give_up_refused(v_unit) or spillway.give_up_rejected(v_unit) then
    v_records := 0;
    p_checkpoint := v_unit.checkpoint;
    p_bytes_read := v_unit.bytes_read;
  end if;
  return jsonb_build_object('state', spillway.close_unit(v_unit, p_lease, v_records, p_format, p_checkpoint, p_bytes_read));
end
$$;
comment on function spillway.ingest_rows(uuid, integer, bigint, interval, integer, text[], bigint[], text, jsonb, jsonb, text, bytea, bigint) is
  'one unit of a segment of an import of a table: fence, rows, problems, counts, checkpoint, progress and a longer lease in one statement. p_columns: of each column of the dataset, as it was with p_schema_version, the values as the text of an array; p_offsets: where each row begins in the whole upload, so that of two files in it the later one''s row stays; p_rescued: what was rescued of each, as the text of an array, or null; p_problems: [{code, message, offset, line, column, excerpt, record: the row''s fields as the text of an object, by which it can be tried again}]; p_counts: {read, filtered, rejected, rescued, lines: [[number of a row of the batch, from 1 on, its line]], one for each that does not lie in the line after the row before, unknown: [names of fields that the dataset lacks and that are to be added]}. {state}: stale where the attempt is over or the fence is another; trial_failed where fail_trial is to be called. {months}: nothing was stored, make_partitions is to be called with them first';
