create or replace function spillway.batch_units(p_rows jsonb) returns integer
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_array_length(p_rows -> 'occurrences') + count(*)::integer from jsonb_array_elements(p_rows -> 'assets') a
  where a ->> 'id' not in (select o ->> 'asset_id' from jsonb_array_elements(p_rows -> 'occurrences') o)
$$;
comment on function spillway.batch_units(jsonb) is 'how many records a batch as rows is: its occurrences, and after them the assets that none of them is on';
