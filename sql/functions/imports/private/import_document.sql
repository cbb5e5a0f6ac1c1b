create or replace function spillway.import_document(i spillway.imports) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', i.id, 'kind', i.kind, 'file_name', i.file_name, 'size_bytes', i.size_bytes, 'sha256', encode(i.sha256, 'hex'),
      'format', i.format, 'entries', i.entries, 'tools', i.tools, 'scope', i.scope, 'close_missing', i.close_missing, 'state', i.state, 'stage', i.stage, 'version', i.version,
      'progress', jsonb_build_object(
        -- 100 is kept for the end: a person takes it for "done".
        'percentage', case when i.state = 'completed' then 100 else least(round(100.0 * i.bytes_read / greatest(i.size_bytes, 1), 1), 99.9) end,
        'bytes_read', i.bytes_read, 'bytes_total', i.size_bytes, 'items', i.items,
        'items_per_second', round(i.items / p.seconds),
        'eta_seconds', case when i.state = 'running' and i.bytes_read > 0
          then round((i.size_bytes - i.bytes_read) * p.seconds / i.bytes_read) end),
      'counts', jsonb_build_object(
        'assets', jsonb_build_object('new', i.assets_new, 'updated', i.assets_updated, 'unchanged', i.assets_unchanged),
        'findings', jsonb_build_object('new', i.findings_new, 'updated', i.findings_updated, 'reopened', i.findings_reopened,
          'unchanged', i.findings_unchanged, 'closed', i.findings_closed),
        'occurrences', jsonb_build_object('new', i.occurrences_new, 'updated', i.occurrences_updated, 'unchanged', i.occurrences_unchanged),
        'errors', i.errors, 'errors_by_code', i.error_counts),
      'attempt', i.attempt, 'error', i.error,
      'poll_after_ms', case i.state when 'running' then 2000 when 'queued' then 1000 end,
      'created_at', spillway.utc_text(i.created_at), 'started_at', spillway.utc_text(i.started_at),
      'finished_at', spillway.utc_text(i.finished_at),
      'links', jsonb_build_object(
        'self', l.import, 'status', l.import || '/status', 'errors', l.import || '/errors',
        'cancel', case when i.active then l.import || '/cancel' end,
        'retry', case when i.state in ('failed', 'cancelled') and i.report_removed_at is null then l.import || '/retry' end,
        'retry_errors', case when i.errors > 0 and not i.active then l.import || '/errors/retry' end))
    from (select '/api/v1/imports/' || i.id) as l (import),
      -- By the time of the last change, not the clock: the document is the same as long as its version is.
      (select greatest(extract(epoch from i.updated_at - i.started_at), 0.001)) as p (seconds)
  );
end
$$;
comment on function spillway.import_document(spillway.imports) is 'an import as the API shows it; links are paths of the same host';
