create or replace function spillway.ingest_records(p_workspace integer, p_import uuid, p_batch jsonb) returns jsonb
language sql volatile set search_path = ''
as $$
  select jsonb_build_object(
    'assets', spillway.batch_insert_assets(p_workspace, p_import, p_batch -> 'assets'),
    'findings', spillway.batch_insert_findings(p_workspace, p_import, p_batch -> 'findings'),
    'occurrences', spillway.batch_insert_occurrences(p_workspace, p_import, p_batch -> 'occurrences'))
$$;
comment on function spillway.ingest_records(integer, uuid, jsonb) is 'stores the assets, findings and occurrences of a batch, all or none, and counts them';
