create or replace function spillway.make_generation(p_dataset spillway.datasets, p_generation integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_table text := spillway.data_table(p_dataset.id, p_generation);
  v_key text := (select string_agg(quote_ident(k), ', ' order by n) from unnest(p_dataset.key) with ordinality as k (k, n));
  v_part integer;
begin
  execute format('create table %s (%s, _run integer not null, _segment smallint not null, _offset bigint not null, _rescued jsonb%s%s%s)%s', v_table,
    (select string_agg(format('%I %s%s', c.name, c.type, case when c.required then ' not null' else '' end), ', ' order by c.ordinal)
      from spillway.dataset_columns c where c.workspace_id = p_dataset.workspace_id and c.dataset_id = p_dataset.id),
    case when v_key is not null then ', _updates integer not null default 0' else '' end,
    case when p_dataset.partition_by = 'arrival' then ', _at timestamptz not null default now()' else '' end,
    ', primary key (' || v_key || ')',
    case p_dataset.partition_by when 'hash' then format(' partition by hash (%s)', v_key)
      when 'month' then format(' partition by range (%I)', p_dataset.partition_column) when 'arrival' then ' partition by range (_at)' else '' end);
  execute format('comment on table %s is %L', v_table, format('Rows of the dataset %s of workspace %s', p_dataset.name, p_dataset.workspace_id));
  for v_part in select generate_series(0, p_dataset.partitions - 1) loop
    execute format('create table %1$s_p%2$s partition of %1$s for values with (modulus %3$s, remainder %2$s)', v_table, v_part, p_dataset.partitions);
  end loop;
  if p_dataset.write_mode <> 'replace' then
    perform spillway.make_indexes(p_dataset, p_generation);
  end if;
  perform spillway.make_put(p_dataset, p_generation);
end
$$;
comment on function spillway.make_generation(spillway.datasets, integer) is
  'makes the table of a generation of a dataset, and the function that puts rows into it. Its indexes, too, unless it is filled at once (replace): then they cost least at the end';
