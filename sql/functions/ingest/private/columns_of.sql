create or replace function spillway.columns_of(p_rows jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  with given as (
    select r.row, r.n from jsonb_array_elements(p_rows) with ordinality as r (row, n)
  )
  select coalesce(jsonb_object_agg(c.name, c.values), '{}')
  from (
    select k.name, jsonb_agg(g.row -> k.name order by g.n) as values
    from (select distinct jsonb_object_keys(g.row) as name from given g) k cross join given g
    group by k.name
  ) c
$$;
comment on function spillway.columns_of(jsonb) is
  'the opposite of rows_of: [{"a": 1}, {"b": "x"}] is {"a": [1, null], "b": [null, "x"]}, from which jsonb_populate_record makes finding_columns or occurrence_columns';
