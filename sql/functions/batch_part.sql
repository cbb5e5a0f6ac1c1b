create or replace function spillway.batch_part(p_batch jsonb, p_occurrences spillway.new_occurrence[]) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'assets', coalesce((select jsonb_agg(a) from jsonb_array_elements(p_batch -> 'assets') a
      where (a ->> 'id')::uuid in (select o.asset_id from unnest(p_occurrences) o)), '[]'),
    'findings', coalesce((select jsonb_agg(f) from jsonb_array_elements(p_batch -> 'findings') f
      where (f ->> 'identity')::uuid in (select o.finding_id from unnest(p_occurrences) o)), '[]'))
$$;
comment on function spillway.batch_part(jsonb, spillway.new_occurrence[]) is 'what these occurrences need of a batch: their assets and findings';
