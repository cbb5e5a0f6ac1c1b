create or replace function spillway.batch_part(p_batch jsonb, p_occurrences spillway.occurrence_columns) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'assets', coalesce((select jsonb_agg(a) from jsonb_array_elements(p_batch -> 'assets') a
      where (a ->> 'id')::uuid in (select unnest(p_occurrences.asset_id))), '[]'),
    'findings', coalesce((select jsonb_agg(f) from jsonb_array_elements(p_batch -> 'findings') f
      where (f ->> 'identity')::uuid in (select unnest(p_occurrences.finding_id))), '[]'))
$$;
comment on function spillway.batch_part(jsonb, spillway.occurrence_columns) is 'what these occurrences need of a batch: their assets and findings';
