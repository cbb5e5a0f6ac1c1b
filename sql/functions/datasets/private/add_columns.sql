create or replace function spillway.add_columns(p_dataset spillway.datasets, p_columns jsonb) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_there integer := (
    select count(*) from spillway.dataset_columns c where c.workspace_id = p_dataset.workspace_id and c.dataset_id = p_dataset.id);
begin
  if v_there + jsonb_array_length(p_columns) > spillway.max_columns() then
    raise exception using errcode = 'SW422',
      message = format('a dataset may have %s columns: leave out those that nobody needs', spillway.max_columns());
  end if;
  insert into spillway.dataset_columns (workspace_id, dataset_id, ordinal, name, type, required, schema_version)
  select p_dataset.workspace_id, p_dataset.id, v_there + c.n, c.name, c.type, coalesce(c.required, false), p_dataset.schema_version
  from rows from (jsonb_to_recordset(p_columns) as (name text, type text, required boolean)) with ordinality as c (name, type, required, n);
exception
  when unique_violation then
    raise exception using errcode = 'SW422', message = 'two columns of the dataset would have the same name';
  when check_violation or not_null_violation then
    raise exception using errcode = 'SW422',
      message = 'a column has a name of 1 to 63 bytes that is none of the database''s own (_run, _segment, _offset, _rescued, _updates, _at, tableoid, ctid, xmin, xmax, cmin, cmax), and a type out of boolean, bigint, numeric, float8, text, date, timestamp, timestamptz, time, uuid, jsonb and bytea';
end
$$;
comment on function spillway.add_columns(spillway.datasets, jsonb) is
  'writes columns [{name, type, required}] of a dataset down, behind those that it has; SW422 where one cannot be';
