create or replace function spillway.where_text(d spillway.datasets, p_where jsonb) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_filter jsonb;
  v_column text;
  v_type text;
  v_texts text[] := '{}';
begin
  for v_filter in select f from jsonb_array_elements(coalesce(p_where, '[]')) f loop
    select format('t.%I', c.name), c.type into v_column, v_type from spillway.dataset_columns c
    where c.workspace_id = d.workspace_id and c.dataset_id = d.id and c.name = v_filter ->> 'column';
    if not found then
      raise exception using errcode = 'SW400', message = format('the dataset has no column of the name %s', left(v_filter ->> 'column', 100));
    elsif v_type = 'jsonb' and not v_filter ? 'is_null' then
      raise exception using errcode = 'SW400', message = 'of a column that is jsonb one can only ask is_null';
    end if;
    if jsonb_typeof(v_filter -> 'is_null') <> 'boolean' then
      raise exception using errcode = 'SW400', message = 'is_null is true or false';
    end if;
    v_texts := v_texts || array(
      select case w.word
        when 'equals' then format('%s = %L::%s', v_column, w.value #>> '{}', v_type)
        when 'in' then format('%s = any (%L::%s[])', v_column, array(select jsonb_array_elements_text(w.value)), v_type)
        when 'not_in' then format('%s <> all (%L::%s[])', v_column, array(select jsonb_array_elements_text(w.value)), v_type)
        when 'min' then format('%s >= %L::%s', v_column, w.value #>> '{}', v_type)
        when 'max' then format('%s <= %L::%s', v_column, w.value #>> '{}', v_type)
        when 'is_null' then format('%s is %snull', v_column, case when w.value = 'true' then '' else 'not ' end) end
      from jsonb_each(v_filter) as w (word, value) where w.word <> 'column');
  end loop;
  return array_to_string(v_texts, ' and ');
end
$$;
comment on function spillway.where_text(spillway.datasets, jsonb) is
  'filters [{column, and one or more of equals, in, not_in, min, max, is_null}] as a condition of SQL on the table t of a dataset; empty where there are none. SW400 where it has no such column, or not of that type';
