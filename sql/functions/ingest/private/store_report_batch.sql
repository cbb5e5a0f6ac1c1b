create or replace function spillway.store_report_batch(
  p_unit spillway.unit, p_batch jsonb, p_findings spillway.finding_columns, p_occurrences spillway.occurrence_columns
) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  v_refused bigint := (
    select spillway.refused_records(i.error_counts) from spillway.imports i where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id);
  v_stored jsonb := spillway.ingest_isolating(p_unit.workspace_id, p_unit.import_id, coalesce(p_batch -> 'assets', '[]'), p_findings, p_occurrences,
    p_unit.keeps_errors, greatest(spillway.max_refused_records() - v_refused, 0)::integer);
  v_problems jsonb := spillway.note_problems(p_unit.workspace_id, p_unit.import_id, p_batch -> 'problems', p_unit.keeps_errors, p_unit.entry_name,
    p_unit.entry_starts_at);
begin
  insert into spillway.unindexed_imports (workspace_id, import_id) values (p_unit.workspace_id, p_unit.import_id) on conflict do nothing;
  perform spillway.add_import_counts(p_unit.workspace_id, p_unit.import_id, spillway.add_counts(v_stored, v_problems), coalesce(p_batch -> 'tools', '[]'),
    coalesce((v_stored #>> '{findings,new}')::integer, 0) = coalesce(cardinality(p_findings.id), 0),
    coalesce((v_stored #>> '{occurrences,new}')::integer, 0) = coalesce(cardinality(p_occurrences.id), 0));
  return v_stored ? 'errors';
end
$$;
comment on function spillway.store_report_batch(spillway.unit, jsonb, spillway.finding_columns, spillway.occurrence_columns) is
  'stores a batch of a report, {assets, problems, tools}, findings and occurrences, with its counts; gives whether some of it was refused, perhaps a finding that later batches rely on';
