create or replace function spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_items jsonb;
  v_count bigint;
begin
  perform from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  with page as materialized (
    select e.* from spillway.import_errors e
    where e.workspace_id = p_workspace and e.import_id = p_import and e.id > coalesce(p_after, 0)
    order by e.id limit p_limit + 1
  ), shown as (
    select * from page order by id limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'id', s.id, 'kind', s.kind, 'code', s.code, 'message', s.message, 'offset', s.source_offset, 'line', s.source_line,
      'excerpt', s.excerpt, 'item', s.item, 'tries', s.tries, 'created_at', spillway.utc_text(s.created_at))
    order by s.id), '[]'), (select count(*) from page)
  into v_items, v_count from shown s;
  return jsonb_build_object('items', v_items, 'next', case when v_count > p_limit then v_items #>> '{-1,id}' end);
end
$$;
comment on function spillway.list_import_errors(integer, uuid, bigint, integer) is
  'a page of the records of an import that could not be stored, in the order in which they were met; SW404 where the workspace has no such import';
