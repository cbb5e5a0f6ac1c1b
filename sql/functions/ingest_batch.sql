create or replace function spillway.ingest_batch(
  p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_records integer,
  p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_queue spillway.import_queue;
  v_workspace integer;
  v_segment spillway.import_segments;
  v_import spillway.imports;
  v_counts jsonb;
  v_refused boolean;
  v_new_findings boolean;
  v_new_occurrences boolean;
  v_bytes bigint;
  v_errors bigint;
  v_got_further boolean;
begin
  -- The fence: whoever lost the import, works on a cancelled one, or has written what is not here, changes nothing. The lock keeps a new claim and a
  -- cancel waiting.
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  for no key update;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Nobody waits for the disk: what a crash of the server takes back is read again. Who ends the import waits, and then all this is there, too, since the
  -- log is written in order. Two connections store 8 % more (medians of three, a disk that needs 0.4 ms); the slower the disk, the more.
  perform set_config('synchronous_commit', 'off', true);
  v_workspace := v_queue.workspace_id;
  select i.* into v_import from spillway.imports i where i.workspace_id = v_workspace and i.id = p_import;
  select s.* into v_segment from spillway.import_segments s
  where s.workspace_id = v_workspace and s.import_id = p_import and s.segment = v_queue.segment;
  v_got_further := p_records > 0 or p_checkpoint is distinct from v_segment.checkpoint;
  v_counts := spillway.ingest_isolating(v_workspace, p_import, p_batch, p_occurrences, v_import.errors < spillway.max_kept_errors());
  v_refused := v_counts ? 'errors';
  v_new_findings := coalesce((v_counts #>> '{findings,new}')::integer, 0) = coalesce(jsonb_array_length(p_batch -> 'findings'), 0);
  v_new_occurrences := coalesce((v_counts #>> '{occurrences,new}')::integer, 0) = coalesce(cardinality(p_occurrences.id), 0);
  v_counts := spillway.add_counts(v_counts,
    spillway.note_problems(v_workspace, p_import, p_batch -> 'problems', v_import.errors < spillway.max_kept_errors(), v_segment.entry_name,
      v_segment.entry_starts_at));
  v_bytes := greatest(v_segment.bytes_read, least(p_bytes_read, coalesce(v_segment.ends_at, v_import.size_bytes)));
  update spillway.import_segments s set checkpoint = p_checkpoint, bytes_read = v_bytes
  where s.workspace_id = v_workspace and s.import_id = p_import and s.segment = v_queue.segment;
  update spillway.import_queue q
  set available_at = clock_timestamp() + p_lease, fence = q.fence + 1, failures = case when v_got_further then 0 else q.failures end,
    stalled_at = case when not v_got_further then q.stalled_at end
  where q.import_id = p_import and q.segment = v_queue.segment;
  -- Last, since other segments of the import wait for this row.
  update spillway.imports i
  set format = case when v_segment.format is null then p_format else i.format end, stage = 'findings', bytes_read = i.bytes_read + v_bytes - v_segment.bytes_read, items = i.items + p_records,
    only_new_findings = i.only_new_findings and v_new_findings, only_new_occurrences = i.only_new_occurrences and v_new_occurrences,
    tools = array(select distinct unnest(i.tools || array(select jsonb_array_elements_text(p_batch -> 'tools'))) order by 1 limit 1000),
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import
  returning i.* into v_import;
  v_errors := spillway.add_import_counts(v_workspace, p_import, v_counts);
  if v_import.items - p_records < spillway.trial_records() and v_import.items >= spillway.trial_records() and v_errors * 2 > v_import.items then
    return spillway.fail_import(p_import, p_attempt, jsonb_build_object('code', 'too_many_errors', 'message',
      format('%s of the first %s records cannot be used; the list of errors says why', v_errors, v_import.items)), false);
  end if;
  return jsonb_build_object('state', 'running', 'refused', v_refused);
end
$$;
comment on function spillway.ingest_batch(uuid, integer, bigint, interval, jsonb, spillway.occurrence_columns, integer, text, bytea, bigint) is
  'one unit of a segment of an import: fence, {assets, findings, problems, tools} and occurrences, counts, checkpoint, progress and a longer lease in one statement; stale where the attempt is over or the fence is another, and then nothing is changed; failed where more than half of the first trial_records() cannot be used. refused: some of it, perhaps a finding that later batches rely on, was not stored';
