create or replace function spillway.read_rows_by_place(
  d spillway.datasets, p_columns text[], p_where jsonb, p_after jsonb, p_limit integer
) returns spillway.page
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  -- So many blocks are read for a page where no index leads to the rows that are wanted: a quarter at a time, since what is read is sorted.
  c_blocks constant integer := 4096;
  c_step constant integer := 64;
  v_filters text := nullif(spillway.where_text(d, p_where), '');
  v_step integer := case when spillway.is_indexed(d, p_where) then 2147483647 else c_step end;
  v_columns text := spillway.selected_columns(d, p_columns);
  v_left integer := c_blocks;
  v_documents text := '';
  v_found integer := 0;
  v_leaf regclass;
  v_block bigint;
  v_item bigint := 0;
  v_end bigint;
  v_upto bigint;
  v_page spillway.page;
begin
  for v_leaf in select l from spillway.leaves(d.id, d.generation) l where p_after is null or l::text >= p_after ->> 'leaf' order by l::text loop
    v_block := 0;
    v_item := 0;
    if v_leaf::text = p_after ->> 'leaf' then
      v_block := (p_after ->> 'block')::bigint;
      v_item := (p_after ->> 'item')::bigint;
    end if;
    v_end := pg_relation_size(v_leaf) / current_setting('block_size')::integer;
    while v_block < v_end loop
      if v_found >= p_limit or v_left <= 0 or octet_length(v_documents) >= spillway.max_page_bytes() then
        return row('[' || v_documents || ']', spillway.place_text(d.generation, v_leaf, format('(%s,%s)', v_block, v_item)::tid));
      end if;
      v_upto := least(v_block + v_step, v_end);
      v_page := spillway.read_page(format('
        select t.ctid as place, to_json(c) as document
        from (
          select t.ctid, t.* from %s t where t.ctid > ''(%s,%s)'' and t.ctid < ''(%s,0)'' and %s order by t.ctid limit %s
        ) as t cross join lateral (select %s) as c order by t.ctid', v_leaf, v_block, v_item, v_upto, coalesce(v_filters, 'true'), p_limit - v_found + 1,
        v_columns), p_limit - v_found);
      if v_page.items <> '[]' then
        v_documents := concat_ws(',', nullif(v_documents, ''), substr(v_page.items, 2, length(v_page.items) - 2));
        v_found := v_found + json_array_length(v_page.items::json);
      end if;
      if v_page.next is not null then
        return row('[' || v_documents || ']', spillway.place_text(d.generation, v_leaf, v_page.next::tid));
      end if;
      v_left := v_left - least(v_upto - v_block, c_step)::integer;
      v_block := v_upto;
      v_item := 0;
    end loop;
  end loop;
  return row('[' || v_documents || ']', null::text);
end
$$;
comment on function spillway.read_rows_by_place(spillway.datasets, text[], jsonb, jsonb, integer) is
  'see read_rows: of a dataset without a key, whose rows stay where they were stored. So no index is needed, which would cost each row as much again as its storing';
