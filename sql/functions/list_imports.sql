create or replace function spillway.list_imports(
  p_workspace integer, p_after uuid, p_limit integer, p_state spillway.import_state default null
) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  with page as (
    select i.* from spillway.imports i
    where i.workspace_id = p_workspace and (p_after is null or i.id < p_after) and (p_state is null or i.state = p_state)
    order by i.id desc limit p_limit + 1
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(spillway.import_document(p::spillway.imports) order by p.id desc)
      from (select * from page order by id desc limit p_limit) p), '[]'),
    'next', (select min(p.id::text) from (select id from page order by id desc limit p_limit) p where (select count(*) from page) > p_limit))
$$;
comment on function spillway.list_imports(integer, uuid, integer, spillway.import_state) is
  'a page of imports, newest first, after the one given, of one state or of all; next is the place of the next page';
