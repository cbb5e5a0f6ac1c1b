create or replace function spillway.list_assets(p_workspace integer, p_filter jsonb, p_after uuid, p_limit integer) returns spillway.page
-- volatile: see is_few.
language plpgsql volatile security definer set search_path = ''
as $$
declare
  -- So many are looked at for a page, where no index leads to those that are wanted.
  c_window constant integer := 4000;
  c_few constant integer := 10000;
  v_all constant text := format('select a.id, a.kind, a.workspace_id, a.identity from spillway.assets a where a.workspace_id = %s', p_workspace);
  v_words constant text := format('spillway.words_of(a.workspace_id::text || '' '', a.identity) @> %L', spillway.words_of(p_workspace || ' ', p_filter ->> 'q'));
  v_conditions constant text := concat_ws(' and ', 'true', case when p_filter ? 'q' then v_words end,
    case when p_filter ? 'kind' then format('a.kind = any (%L::spillway.asset_kind[])', spillway.texts_of(p_filter -> 'kind')) end);
  v_found text := concat_ws(' and ', v_all, v_words);
  v_page spillway.page;
begin
  if not (p_filter ? 'q' and spillway.is_few(v_found, c_few)) then
    v_found := v_all;
  end if;
  v_found := format('select a.* from (%s) a where %s order by a.id limit %s', v_found, case when p_after is null then 'true' else format('a.id > %L', p_after) end, c_window);
  v_page := spillway.read_page(format($query$
    select a.id as place, spillway.asset_document(a) as document
    from (select a.id from (%1$s) a where %2$s order by a.id limit %3$s + 1) k
    join spillway.assets a on a.workspace_id = %4$s and a.id = k.id
    order by a.id
  $query$, v_found, v_conditions, p_limit, p_workspace), p_limit);
  if v_page.next is null then
    execute format('select a.id from (%s) a order by a.id offset %s limit 1', v_found, c_window - 1) into v_page.next;
  end if;
  return v_page;
end
$$;
comment on function spillway.list_assets(integer, jsonb, uuid, integer) is
  'a page of assets after the place given, that pass a filter {kind: a list of which any counts, q: words of their identity}. It may have fewer than there are, or none, where many had to be looked at: as long as there is a next place there may be more';
