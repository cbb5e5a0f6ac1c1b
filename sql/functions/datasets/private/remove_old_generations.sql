create or replace function spillway.remove_old_generations(p_limit integer) returns integer
language plpgsql volatile set search_path = '' set lock_timeout = '1s'
as $$
declare
  v_table record;
  v_function regprocedure;
  v_count integer := 0;
begin
  for v_table in
    select t.oid::regclass as name, t.dataset, t.generation
    from (
      select c.oid, (m.m)[1]::integer as dataset, (m.m)[2]::integer as generation
      from pg_catalog.pg_class c cross join lateral regexp_match(c.relname, '^d([0-9]+)_g([0-9]+)$') as m (m)
      where c.relnamespace = 'spillway_data'::regnamespace and c.relkind in ('r', 'p') and m.m is not null
    ) as t
    left join spillway.datasets d on d.id = t.dataset
    where (d.id is null or d.generation <> t.generation) and not exists (
      select from spillway.runs r join spillway.imports i on i.workspace_id = r.workspace_id and i.id = r.import_id
      where r.dataset_id = t.dataset and r.generation = t.generation and (i.active or i.state <> 'completed' and i.report_removed_at is null))
    limit p_limit
  loop
    begin
      execute format('drop table %s', v_table.name);
      for v_function in
        select p.oid from pg_catalog.pg_proc p
        where p.pronamespace = 'spillway_data'::regnamespace and p.proname like format('put\_d%s\_g%s\_v%%', v_table.dataset, v_table.generation)
      loop
        execute 'drop function ' || v_function;
      end loop;
      delete from spillway.partitions p where p.dataset_id = v_table.dataset and p.generation = v_table.generation;
      v_count := v_count + 1;
    exception when lock_not_available then
      -- Somebody reads it; another time.
      null;
    end;
  end loop;
  return v_count;
end
$$;
comment on function spillway.remove_old_generations(integer) is
  'drops tables of datasets that nobody needs any more: whose rows were replaced, whose import has failed for good, or whose dataset is gone; past those that are read just now';
