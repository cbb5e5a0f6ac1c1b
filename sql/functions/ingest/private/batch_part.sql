create or replace function spillway.batch_part(p_rows jsonb, p_after integer, p_to integer) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  with occurrences as (
    select o.row, o.n from jsonb_array_elements(p_rows -> 'occurrences') with ordinality as o (row, n)
  ), mine as (
    select o.row, o.n from occurrences o where o.n > p_after and o.n <= p_to
  ), assets as (
    select a.row, a.n from jsonb_array_elements(p_rows -> 'assets') with ordinality as a (row, n)
  ), bare as (
    select a.n, (select count(*) from occurrences) + row_number() over (order by a.n) as unit
    from assets a where a.row ->> 'id' not in (select o.row ->> 'asset_id' from occurrences o)
  )
  select jsonb_build_object(
    'assets', (select coalesce(jsonb_agg(a.row order by a.n), '[]') from assets a
      where a.row ->> 'id' in (select m.row ->> 'asset_id' from mine m) or a.n in (select b.n from bare b where b.unit > p_after and b.unit <= p_to)),
    'findings', (select coalesce(jsonb_agg(f.row order by f.n), '[]') from jsonb_array_elements(p_rows -> 'findings') with ordinality as f (row, n)
      where f.row ->> 'id' in (select m.row ->> 'finding_id' from mine m)),
    'occurrences', (select coalesce(jsonb_agg(m.row order by m.n), '[]') from mine m))
$$;
comment on function spillway.batch_part(jsonb, integer, integer) is
  'the records of a batch as rows after the first p_after, up to p_to (see batch_units), with the assets and findings that they need';
