create or replace function spillway.store_report_batch(p_unit spillway.unit, p_batch jsonb, p_occurrences spillway.occurrence_columns) returns boolean
language plpgsql volatile set search_path = ''
as $$
declare
  v_stored jsonb := spillway.ingest_isolating(p_unit.workspace_id, p_unit.import_id, p_batch, p_occurrences, p_unit.keeps_errors);
  v_problems jsonb := spillway.note_problems(p_unit.workspace_id, p_unit.import_id, p_batch -> 'problems', p_unit.keeps_errors, p_unit.entry_name,
    p_unit.entry_starts_at);
begin
  perform spillway.add_import_counts(p_unit.workspace_id, p_unit.import_id, spillway.add_counts(v_stored, v_problems), coalesce(p_batch -> 'tools', '[]'),
    coalesce((v_stored #>> '{findings,new}')::integer, 0) = coalesce(jsonb_array_length(p_batch -> 'findings'), 0),
    coalesce((v_stored #>> '{occurrences,new}')::integer, 0) = coalesce(cardinality(p_occurrences.id), 0));
  return v_stored ? 'errors';
end
$$;
comment on function spillway.store_report_batch(spillway.unit, jsonb, spillway.occurrence_columns) is
  'stores a batch of a report, {assets, findings, problems, tools} and occurrences, with its counts; gives whether some of it was refused, perhaps a finding that later batches rely on';
