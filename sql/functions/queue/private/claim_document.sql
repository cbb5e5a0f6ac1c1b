create or replace function spillway.claim_document(q spillway.import_queue) returns jsonb
-- By the keys, whatever size the tables had when the plan was made: see batch_insert_findings.
language plpgsql stable set search_path = '' set enable_seqscan = off
as $$
declare
  i spillway.imports;
  s spillway.import_segments;
begin
  select * into strict i from spillway.imports where workspace_id = q.workspace_id and id = q.import_id;
  select * into strict s from spillway.import_segments where workspace_id = q.workspace_id and import_id = q.import_id and segment = q.segment;
  return jsonb_build_object(
    'import_id', i.id, 'kind', i.kind, 'attempt', q.attempt, 'fence', q.fence, 'file_name', i.file_name, 'object_key', i.object_key,
    'size_bytes', i.size_bytes, 'items', i.items, 'format', coalesce(s.format, i.format), 'ends_at', s.ends_at,
    'entry_name', s.entry_name, 'entry_starts_at', s.entry_starts_at, 'entry_ends_at', coalesce(s.entry_ends_at, i.size_bytes),
    'checkpoint', translate(encode(s.checkpoint, 'base64'), E'\n', ''), 'trial_failed', i.trial_failed,
    'table', case when i.kind = 'table' then spillway.table_document(i.workspace_id, i.id) end);
end
$$;
comment on function spillway.claim_document(spillway.import_queue) is 'a claimed segment of an import as whoever claims it is told of it';
