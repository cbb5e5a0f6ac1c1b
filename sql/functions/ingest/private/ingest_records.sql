create or replace function spillway.ingest_records(
  p_workspace integer, p_import uuid, p_assets jsonb, p_findings spillway.finding_columns, p_occurrences spillway.occurrence_columns
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_counts jsonb;
begin
  perform spillway.lock_storing(p_workspace, false);
  -- After the lock: a removal may have begun while this waited for it. What a later import changed would no longer be known.
  if spillway.is_before_removal(p_workspace, p_import) then
    raise exception using errcode = 'lock_not_available', message = 'an import that came after this one is being removed';
  end if;
  -- In this order, everywhere: what is stored later refers to what is stored before, and no two batches wait for each other in a circle.
  v_counts := jsonb_build_object('assets', spillway.batch_insert_assets(p_workspace, p_import, p_assets));
  v_counts := v_counts || jsonb_build_object('findings', spillway.batch_insert_findings(p_workspace, p_import, p_findings));
  v_counts := v_counts || jsonb_build_object('occurrences', spillway.batch_insert_occurrences(p_workspace, p_import, p_occurrences));
  perform spillway.note_scope(p_workspace, p_import, p_findings.id);
  return v_counts;
end
$$;
comment on function spillway.ingest_records(integer, uuid, jsonb, spillway.finding_columns, spillway.occurrence_columns) is 'stores the assets, findings and occurrences of a batch, all or none, and counts them';
