create or replace function spillway.read_rows_by_key(
  d spillway.datasets, p_columns text[], p_where jsonb, p_after jsonb, p_limit integer
) returns spillway.page
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  -- So many rows are looked at for a page, where no index leads to those that are wanted.
  c_window constant integer := 20000;
  v_key text := (select string_agg(format('t.%I', k), ', ' order by n) from unnest(d.key) with ordinality as k (k, n));
  v_place text := (select string_agg(format('t.%I::text', k), ', ' order by n) from unnest(d.key) with ordinality as k (k, n));
  v_after text := (
    select format('(%s) > (%s)', v_key, string_agg(format('%L::%s', p_after ->> (k.n - 1)::integer, c.type), ', ' order by k.n))
    from unnest(d.key) with ordinality as k (k, n)
      join spillway.dataset_columns c on c.workspace_id = d.workspace_id and c.dataset_id = d.id and c.name = k.k
    having p_after is not null);
  v_filters text := nullif(spillway.where_text(d, p_where), '');
  v_windowed boolean := v_filters is not null and not spillway.is_indexed(d, p_where);
  v_from text := spillway.data_table(d.id, d.generation);
  v_page spillway.page;
  v_last jsonb;
begin
  v_place := format('jsonb_build_object(''generation'', %s, ''key'', jsonb_build_array(%s))', d.generation, v_place);
  if v_windowed then
    v_from := format('(select t.* from %s t where %s order by %s limit %s)', v_from, coalesce(v_after, 'true'), v_key, c_window);
  end if;
  v_page := spillway.read_page(format('
    select t.place, t.document from (
      select %1$s as place, to_json(c) as document, row_number() over () as n
      from (select t.* from %2$s t where %3$s order by %4$s limit %5$s) t cross join lateral (select %6$s) as c
    ) as t order by t.n', v_place, v_from,
    concat_ws(' and ', case when not v_windowed then v_after end, v_filters, 'true'), v_key, p_limit + 1, spillway.selected_columns(d, p_columns)), p_limit);
  if v_windowed and v_page.next is null then
    execute format('select %s from %s t order by %s offset %s limit 1', v_place, v_from, v_key, c_window - 1) into v_last;
    v_page.next := v_last::text;
  end if;
  return v_page;
end
$$;
comment on function spillway.read_rows_by_key(spillway.datasets, text[], jsonb, jsonb, integer) is 'see read_rows: of a dataset with a key';
