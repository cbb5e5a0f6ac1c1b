create or replace function spillway.remove_rows(p_table text, p_workspace integer, p_limit integer) returns bigint
-- In the order of the key, whatever the server believes of the table's size.
language plpgsql volatile set search_path = '' set enable_seqscan = off set enable_sort = off
as $$
declare
  v_table regclass := format('spillway.%I', p_table);
  v_key text;
  v_count bigint;
begin
  select string_agg(format('%I', a.attname), ', ' order by k.n) into strict v_key
  from pg_catalog.pg_index x cross join unnest(x.indkey::smallint[]) with ordinality as k (attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum
  where x.indrelid = v_table and x.indisprimary;
  -- By their places: a join by the key would be one with all rows of the workspace where the server takes them for few.
  execute format('delete from %1$s where ctid = any (array(select ctid from %1$s where workspace_id = %2$s order by %3$s limit %4$s))',
    v_table, p_workspace, v_key, p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function spillway.remove_rows(text, integer, integer) is
  'deletes the first rows of a workspace in a table, p_limit at most, in the order of its primary key; gives how many there were';
