create or replace function spillway.make_partitions(p_import uuid, p_attempt integer, p_months date[]) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_most constant integer := 1200;
  v_run spillway.runs;
  v_dataset spillway.datasets;
  v_parent text;
  v_child text;
  v_bounds text;
  v_zone text;
  v_month date;
begin
  select r.* into v_run from spillway.import_queue q join spillway.runs r on r.workspace_id = q.workspace_id and r.import_id = q.import_id
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Of two that make the same, the second finds it made.
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = v_run.workspace_id and d.id = v_run.dataset_id for no key update;
  if cardinality(p_months) + (select count(*) from spillway.partitions p
      where p.workspace_id = v_run.workspace_id and p.dataset_id = v_run.dataset_id and p.generation = v_run.generation) > c_most then
    return jsonb_build_object('state', 'running', 'too_many', format(
      'the rows lie in more than %s months, as many as a dataset may have partitions; look for wrong dates, or take a dataset without partitions', c_most));
  end if;
  v_parent := spillway.data_table(v_run.dataset_id, v_run.generation);
  -- Months are those of UTC, for points in time; of arrival, too.
  v_zone := case when exists (
    select from spillway.dataset_columns c where c.workspace_id = v_run.workspace_id and c.dataset_id = v_run.dataset_id
      and c.name = v_dataset.partition_column and c.type in ('date', 'timestamp')) then '' else ' 00:00:00+00' end;
  foreach v_month in array p_months loop
    insert into spillway.partitions (workspace_id, dataset_id, generation, starts_on)
    values (v_run.workspace_id, v_run.dataset_id, v_run.generation, v_month)
    on conflict do nothing;
    continue when not found;
    v_child := format('%s_m%s', v_parent, to_char(v_month, 'YYYYMM'));
    v_bounds := format('from (%L) to (%L)', v_month || v_zone, (v_month + interval '1 month')::date || v_zone);
    -- Made and then attached: that waits for nobody who reads or writes, and keeps nobody waiting.
    execute format('create table %s (like %s including defaults including constraints including indexes)', v_child, v_parent);
    execute format('alter table %s attach partition %s for values %s', v_parent, v_child, v_bounds);
  end loop;
  return jsonb_build_object('state', 'running');
end
$$;
comment on function spillway.make_partitions(uuid, integer, date[]) is
  'makes partitions for these months in the table that an import fills, for whoever was told by ingest_rows; stale where the attempt is over, too_many: why there can be no more';
