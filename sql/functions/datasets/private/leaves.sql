create or replace function spillway.leaves(p_dataset integer, p_generation integer) returns setof regclass
language sql stable parallel safe set search_path = ''
as $$
  select l.relid from (
    select t.relid from pg_catalog.pg_partition_tree(spillway.data_table(p_dataset, p_generation)::regclass) t where t.isleaf
    -- A table without partitions is no tree.
    union select c.oid::regclass from pg_catalog.pg_class c where c.oid = spillway.data_table(p_dataset, p_generation)::regclass and c.relkind = 'r'
  ) as l
  order by l.relid::text
$$;
comment on function spillway.leaves(integer, integer) is 'the tables in which the rows of a generation of a dataset lie: one, or its partitions in the order of their names';
