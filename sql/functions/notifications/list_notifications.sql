create or replace function spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select n.id as place, spillway.notification_document(n) as document
    from (
      select n.* from spillway.notifications n
      where n.workspace_id = %1$s and (%2$L is null or n.id < %2$L)
      order by n.id desc limit %3$s + 1
    ) as n
    order by n.id desc
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_notifications(integer, uuid, integer) is
  'a page of notifications, newest first, after the place given';
