create or replace function spillway.is_indexed(d spillway.datasets, p_where jsonb) returns boolean
language sql stable parallel safe set search_path = ''
as $$
  select exists (
    select from jsonb_array_elements(p_where) f
    where f ?| '{equals,in,min,max}' and (f ->> 'column' = d.key[1] or f ->> 'column' = d.partition_column
      or exists (select from jsonb_array_elements(d.indexes) i where i -> 'columns' ->> 0 = f ->> 'column')))
$$;
comment on function spillway.is_indexed(spillway.datasets, jsonb) is 'whether an index leads to the rows that pass one of these filters';
