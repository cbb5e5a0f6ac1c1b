create or replace function spillway.ingest_batch(
  p_import uuid, p_attempt integer, p_lease interval, p_batch jsonb, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_workspace integer;
  v_counts jsonb;
  v_errors bigint;
begin
  -- The fence: whoever lost the import, or works on a cancelled one, changes nothing. The lock keeps a new claim and a cancel waiting.
  update spillway.import_queue set available_at = now() + p_lease, failures = 0
  where import_id = p_import and attempt = p_attempt and claimed
  returning workspace_id into v_workspace;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  v_counts := spillway.ingest_isolating(v_workspace, p_import, p_batch);
  v_errors := spillway.note_problems(v_workspace, p_import, p_batch -> 'problems') + coalesce((v_counts -> 'errors')::bigint, 0);
  update spillway.imports i
  set format = p_format, checkpoint = p_checkpoint, stage = 'findings',
    bytes_read = greatest(i.bytes_read, least(p_bytes_read, i.size_bytes)), items = i.items + p_records,
    assets_new = i.assets_new + coalesce((v_counts #> '{assets,new}')::bigint, 0),
    assets_updated = i.assets_updated + coalesce((v_counts #> '{assets,updated}')::bigint, 0),
    findings_new = i.findings_new + coalesce((v_counts #> '{findings,new}')::bigint, 0),
    findings_updated = i.findings_updated + coalesce((v_counts #> '{findings,updated}')::bigint, 0),
    findings_reopened = i.findings_reopened + coalesce((v_counts #> '{findings,reopened}')::bigint, 0),
    occurrences_new = i.occurrences_new + coalesce((v_counts #> '{occurrences,new}')::bigint, 0),
    occurrences_updated = i.occurrences_updated + coalesce((v_counts #> '{occurrences,updated}')::bigint, 0),
    errors = i.errors + v_errors, updated_at = now(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import;
  return jsonb_build_object('state', 'running');
end
$$;
comment on function spillway.ingest_batch(uuid, integer, interval, jsonb, integer, text, bytea, bigint) is
  'one unit of an import: fence, {assets, findings, occurrences, problems}, counts, checkpoint, progress and a longer lease in one statement; stale where the attempt is over, and then nothing is changed';
