create or replace function spillway.add_partitions(p_run spillway.runs, p_months date[]) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  c_most constant integer := 1200;
  v_dataset spillway.datasets;
  v_parent text;
  v_child text;
  v_bounds text;
  v_zone text;
  v_month date;
begin
  -- Of two that make the same, the second finds it made.
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = p_run.workspace_id and d.id = p_run.dataset_id for no key update;
  if cardinality(p_months) + (select count(*) from spillway.partitions p
      where p.workspace_id = p_run.workspace_id and p.dataset_id = p_run.dataset_id and p.generation = p_run.generation) > c_most then
    return format('the rows lie in more than %s months, as many as a dataset may have partitions; look for wrong dates, or take a dataset without partitions',
      c_most);
  end if;
  v_parent := spillway.data_table(p_run.dataset_id, p_run.generation);
  -- Months are those of UTC, for points in time; of arrival, too.
  v_zone := case when exists (
    select from spillway.dataset_columns c where c.workspace_id = p_run.workspace_id and c.dataset_id = p_run.dataset_id
      and c.name = v_dataset.partition_column and c.type in ('date', 'timestamp')) then '' else ' 00:00:00+00' end;
  foreach v_month in array p_months loop
    insert into spillway.partitions (workspace_id, dataset_id, generation, starts_on)
    values (p_run.workspace_id, p_run.dataset_id, p_run.generation, v_month)
    on conflict do nothing;
    continue when not found;
    v_child := format('%s_m%s', v_parent, to_char(v_month, 'YYYYMM'));
    v_bounds := format('from (%L) to (%L)', v_month || v_zone, (v_month + interval '1 month')::date || v_zone);
    -- Made and then attached: that waits for nobody who reads or writes, and keeps nobody waiting.
    execute format('create table %s (like %s including defaults including constraints including indexes)', v_child, v_parent);
    execute format('alter table %s attach partition %s for values %s', v_parent, v_child, v_bounds);
  end loop;
  return null;
end
$$;
comment on function spillway.add_partitions(spillway.runs, date[]) is
  'makes partitions for these months, by their first days, in the table that an import fills; why there can be no more, or null';
