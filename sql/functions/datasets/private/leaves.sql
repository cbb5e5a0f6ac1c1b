create or replace function spillway.leaves(p_dataset integer, p_generation integer) returns setof regclass
language sql stable parallel safe set search_path = ''
as $$
  select t.relid from pg_catalog.pg_partition_tree(spillway.data_table(p_dataset, p_generation)::regclass) t where t.isleaf order by t.relid::regclass::text
$$;
comment on function spillway.leaves(integer, integer) is 'the tables in which the rows of a generation of a dataset lie: one, or its partitions in the order of their names';
