create or replace function spillway.list_events(
  p_workspace integer, p_after uuid, p_limit integer, p_action text default null, p_object text default null
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select e.id as place, spillway.event_document(e) as document
    from (
      select e.* from spillway.events e
      where e.workspace_id = %1$s and (%2$L is null or e.id < %2$L) and (%4$L is null or e.action = %4$L) and (%5$L is null or e.object_id = %5$L)
      order by e.id desc limit %3$s + 1
    ) as e
    order by e.id desc
  $query$, p_workspace, p_after, p_limit, p_action, p_object), p_limit);
end
$$;
comment on function spillway.list_events(integer, uuid, integer, text, text) is
  'a page of what was done in a workspace, newest first, after the place given; of one action or of all, to one object or to all';
