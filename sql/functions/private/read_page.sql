create or replace function spillway.read_page(p_rows text, p_limit integer) returns spillway.page
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_places text[];
  v_documents text[];
  v_shown integer;
  v_items text;
begin
  -- Planned for every call, with its values in the text: what is not asked for is no condition then, and a place is one that an index is walked from.
  execute 'select array_agg(i.place::text), array_agg(i.document::text) from (' || p_rows || ') as i' into v_places, v_documents;
  v_shown := least(p_limit, cardinality(v_documents));
  v_items := array_to_string(v_documents[:v_shown], ',');
  if octet_length(v_items) > spillway.max_page_bytes() then
    select greatest(count(*), 1) into v_shown
    from (
      select sum(octet_length(d.document)) over (order by d.n) as bytes
      from unnest(v_documents[:v_shown]) with ordinality as d (document, n)
    ) as d
    where d.bytes <= spillway.max_page_bytes();
    v_items := array_to_string(v_documents[:v_shown], ',');
  end if;
  return row('[' || coalesce(v_items, '') || ']', case when v_shown < cardinality(v_documents) then v_places[v_shown] end);
end
$$;
comment on function spillway.read_page(text, integer) is
  'the frame of every list. p_rows is a query that gives the columns place and document, in order, one more than p_limit where there are more; its values are quoted by whoever wrote it (format''s %L). The page has at most p_limit of them, and max_page_bytes() bytes unless the first alone has more';
