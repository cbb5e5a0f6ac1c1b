create or replace function spillway.without_rows(p_column text, p_rows bigint[]) returns text
language sql immutable strict set search_path = ''
as $$
  select coalesce(array_agg(v.v order by v.n), '{}')::text from unnest(p_column::text[]) with ordinality as v (v, n) where v.n <> all (p_rows)
$$;
comment on function spillway.without_rows(text, bigint[]) is 'a column of a batch, as the text of an array, without the rows of these numbers, counted from 1; null of null';
