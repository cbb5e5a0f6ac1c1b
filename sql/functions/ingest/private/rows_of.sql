create or replace function spillway.rows_of(p_columns jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select coalesce(jsonb_agg(r.row order by r.n), '[]')
  from (
    select v.n, jsonb_object_agg(c.key, v.value) filter (where v.value <> 'null') as row
    from jsonb_each(p_columns) c cross join lateral jsonb_array_elements(c.value) with ordinality as v (value, n)
    where jsonb_typeof(c.value) = 'array'
    group by v.n
  ) r
$$;
comment on function spillway.rows_of(jsonb) is 'columns (to_jsonb of finding_columns or occurrence_columns) as an array of rows without what is null, for what happens seldom';
