create or replace function spillway.selected_columns(d spillway.datasets, p_columns text[]) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_columns text;
  v_unknown text := (
    select min(k) from unnest(p_columns) k
    where k <> '_rescued' and not exists (
      select from spillway.dataset_columns c where c.workspace_id = d.workspace_id and c.dataset_id = d.id and c.name = k));
begin
  if v_unknown is not null then
    raise exception using errcode = 'SW400', message = format('the dataset has no column of the name %s', left(v_unknown, 100));
  end if;
  select string_agg(format('t.%I', c.name), ', ' order by c.n) into v_columns
  from (
    select c.name, c.ordinal::bigint as n from spillway.dataset_columns c where p_columns is null and c.workspace_id = d.workspace_id and c.dataset_id = d.id
    union all select k, n from unnest(p_columns) with ordinality as k (k, n)
    union all select '_rescued', 10000 where p_columns is null
  ) as c;
  return v_columns;
end
$$;
comment on function spillway.selected_columns(spillway.datasets, text[]) is
  'columns of the table t of a dataset as a list of SQL: those named, or all, with _rescued. SW400 where it has none of a name';
