create or replace function spillway.batch_slice(p_batch jsonb, p_from integer, p_to integer) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  with units as (
    select o.value as occurrence, null::jsonb as asset, row_number() over (order by o.ordinality) as n
    from jsonb_array_elements(p_batch -> 'occurrences') with ordinality o
    union all
    -- An asset without an occurrence is a unit of its own.
    select null, a.value, jsonb_array_length(p_batch -> 'occurrences') + row_number() over (order by a.ordinality)
    from jsonb_array_elements(p_batch -> 'assets') with ordinality a
    where a.value ->> 'id' not in (select o ->> 'asset_id' from jsonb_array_elements(p_batch -> 'occurrences') o)
  ), chosen as (
    select * from units where n between p_from and p_to
  )
  select jsonb_build_object(
    'occurrences', coalesce((select jsonb_agg(occurrence order by n) from chosen where occurrence is not null), '[]'),
    'findings', coalesce((select jsonb_agg(f) from jsonb_array_elements(p_batch -> 'findings') f
      where f ->> 'identity' in (select occurrence ->> 'finding_id' from chosen)), '[]'),
    'assets', coalesce((select jsonb_agg(a) from jsonb_array_elements(p_batch -> 'assets') a
      where a ->> 'id' in (select coalesce(occurrence ->> 'asset_id', asset ->> 'id') from chosen)), '[]'),
    'units', (select count(*) from chosen))
$$;
comment on function spillway.batch_slice(jsonb, integer, integer) is
  'units p_from to p_to of a batch as a batch: occurrences with their findings and assets, then assets without occurrences; units counts them';
