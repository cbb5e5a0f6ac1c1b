create or replace function spillway.write_tail(p_workspace integer, p_dataset integer) returns void
language plpgsql volatile set search_path = '' set timezone = 'UTC'
as $$
declare
  c_rows constant integer := 1000;
  c_blocks constant integer := 64;
  c_leaves constant integer := 64;
  v_dataset spillway.datasets;
  v_rows text;
  v_document text;
begin
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = p_workspace and d.id = p_dataset;
  -- The ends of its tables, where the last rows lie. By their places no index is needed, which would cost each row that is stored as much as the row.
  select string_agg(format('(select t.* from (select %s, t._run, t._offset from %s t where t.ctid >= ''(%s,0)'' order by t._run desc, t._offset desc limit %s) t)',
    spillway.selected_columns(v_dataset, null), l.leaf, greatest(l.blocks - c_blocks, 0), c_rows), ' union all ')
  into v_rows
  from (
    select l as leaf, pg_relation_size(l) / current_setting('block_size')::integer as blocks from spillway.leaves(v_dataset.id, v_dataset.generation) l
    where pg_relation_size(l) > 0 order by l::text desc limit c_leaves
  ) as l;
  if v_rows is not null then
    execute format('select string_agg((to_jsonb(r) - ''{_run,_offset}''::text[])::text, '','' order by r._run, r._offset) from (select * from (%s) as r order by r._run desc, r._offset desc limit %s) as r',
      v_rows, c_rows) into v_document;
  end if;
  insert into spillway.tails (workspace_id, dataset_id, document, version)
  values (p_workspace, p_dataset, '[' || coalesce(v_document, '') || ']', v_dataset.version)
  on conflict (workspace_id, dataset_id) do update set document = excluded.document, version = excluded.version;
end
$$;
comment on function spillway.write_tail(integer, integer) is
  'writes the last rows of a dataset down as one document: of those at the ends of its tables the 1,000 with the highest run and offset, in that order';
