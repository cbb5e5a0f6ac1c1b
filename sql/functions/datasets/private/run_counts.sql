create or replace function spillway.run_counts(p_workspace integer, p_import uuid, p_errors bigint, p_error_counts jsonb) returns json
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  r spillway.runs;
begin
  select * into r from spillway.runs where workspace_id = p_workspace and import_id = p_import;
  return json_build_object(
    'rows', json_build_object('read', r.rows_read, 'stored', r.rows_stored, 'updated', r.rows_updated, 'unchanged', r.rows_unchanged,
      'filtered', r.rows_filtered, 'rejected', r.rows_rejected),
    'values_rescued', r.values_rescued, 'errors', p_errors, 'errors_by_code', p_error_counts);
end
$$;
comment on function spillway.run_counts(integer, uuid, bigint, jsonb) is 'what became of the rows of an import of a table, as the import shows it';
