create or replace function spillway.aggregate_rows(p_workspace integer, p_name text, p_asked jsonb, p_where jsonb) returns jsonb
language plpgsql stable parallel safe security definer set search_path = '' set timezone = 'UTC' set extra_float_digits = 1
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_where text := coalesce(nullif(spillway.where_text(v_dataset, p_where), ''), 'true');
  v_table text := spillway.data_table(v_dataset.id, v_dataset.generation);
  v_columns jsonb := (
    select jsonb_object_agg(c.name, c.type) from spillway.dataset_columns c where c.workspace_id = p_workspace and c.dataset_id = v_dataset.id);
  v_ask record;
  v_parts text := '';
  v_asked jsonb := '[]';
  v_totals jsonb;
  v_top jsonb;
begin
  for v_ask in select a.function, c.name from jsonb_each(p_asked) as a (function, columns)
    cross join lateral jsonb_array_elements_text(a.columns) as c (name) where a.function in ('sum', 'min', 'max') loop
    if v_columns -> v_ask.name is null then
      raise exception using errcode = 'SW400', message = format('the dataset has no column of the name %s', left(v_ask.name, 100));
    elsif v_ask.function = 'sum' and v_columns ->> v_ask.name not in ('bigint', 'numeric', 'float8')
      or v_columns ->> v_ask.name in ('jsonb', 'boolean', 'bytea', 'uuid') then
      raise exception using errcode = 'SW400', message = format('there is no %s of a column that is %s', v_ask.function, v_columns ->> v_ask.name);
    end if;
    v_parts := v_parts || format(', %I(t.%I) as n%s', v_ask.function, v_ask.name, jsonb_array_length(v_asked));
    v_asked := v_asked || jsonb_build_object('function', v_ask.function, 'name', v_ask.name);
  end loop;
  execute format('select to_jsonb(r) from (select count(*)%s from %s t where %s) as r', v_parts, v_table, v_where) into v_totals;
  if p_asked ? 'top' then
    if v_columns -> (p_asked ->> 'top') is null then
      raise exception using errcode = 'SW400', message = format('the dataset has no column of the name %s', left(p_asked ->> 'top', 100));
    end if;
    execute format(
      'select jsonb_agg(to_jsonb(r) order by r.count desc, r.value::text) from (select t.%1$I as value, count(*) from %2$s t where %3$s group by 1 order by 2 desc, t.%1$I::text limit %4$s) as r',
      p_asked ->> 'top', v_table, v_where, (p_asked ->> 'n')::integer) into v_top;
  end if;
  return jsonb_build_object('count', v_totals -> 'count', 'version', v_dataset.version)
    || (select coalesce(jsonb_object_agg(f, v), '{}') from (
      select a.asked ->> 'function' as f, jsonb_object_agg(a.asked ->> 'name', v_totals -> concat('n', a.n - 1)) as v
      from jsonb_array_elements(v_asked) with ordinality as a (asked, n) group by 1) as t)
    || case when p_asked ? 'top' then jsonb_build_object('top', coalesce(v_top, '[]')) else '{}' end;
exception when data_exception then
  raise exception using errcode = 'SW400', message = 'a value in where is none of its column''s type';
end
$$;
comment on function spillway.aggregate_rows(integer, text, jsonb, jsonb) is
  'numbers of the rows of a dataset that pass all filters: their count, and as asked {sum, min, max: [column], top: column, n: how many} sums, least and greatest values, and the values that most rows have. SW404 where there is no such dataset, SW400 where it has no such column';
