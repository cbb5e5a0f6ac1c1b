create or replace function spillway.add_unknown_columns(p_run spillway.runs, p_dataset spillway.datasets) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_table text := spillway.data_table(p_run.dataset_id, p_run.generation);
  v_dataset spillway.datasets;
  v_names text[] := array(
    select u from unnest(p_run.unknown_columns) u
    where octet_length(u) between 1 and 63 and u not in ('_run', '_segment', '_offset', '_rescued', '_updates', '_at') and not exists (
      select from spillway.dataset_columns c where c.workspace_id = p_run.workspace_id and c.dataset_id = p_run.dataset_id and c.name = u)
    order by 1
    limit spillway.max_columns() - (
      select count(*) from spillway.dataset_columns c where c.workspace_id = p_run.workspace_id and c.dataset_id = p_run.dataset_id));
begin
  if cardinality(v_names) = 0 then
    return;
  end if;
  update spillway.datasets d set schema_version = d.schema_version + 1
  where d.workspace_id = p_run.workspace_id and d.id = p_run.dataset_id returning d.* into strict v_dataset;
  perform spillway.add_columns(v_dataset, (select jsonb_agg(jsonb_build_object('name', n, 'type', 'text')) from unnest(v_names) n));
  execute format('alter table %s %s', v_table, (select string_agg(format('add column %I text', n), ', ') from unnest(v_names) n));
  execute format('update %s t set %s, _rescued = nullif(t._rescued - %L::text[], ''{}'') where t._run = %s and t._rescued ?| %L::text[]', v_table,
    (select string_agg(format('%I = t._rescued ->> %L', n, n), ', ') from unnest(v_names) n), v_names, p_run.run, v_names);
  perform spillway.make_put(v_dataset, p_run.generation);
end
$$;
comment on function spillway.add_unknown_columns(spillway.runs, spillway.datasets) is
  'adds the columns, as text, that an import met and its mapping wants to be added, and moves their values there from _rescued; those whose names the database does not take, or for which there is no more room, stay rescued';
