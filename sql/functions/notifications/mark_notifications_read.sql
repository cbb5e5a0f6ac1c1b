create or replace function spillway.mark_notifications_read(p_workspace integer, p_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  -- In one order: two who mark all wait for each other.
  with unread as materialized (
    select n.id from spillway.notifications n
    where n.workspace_id = p_workspace and n.read_at is null and (p_id is null or n.id = p_id)
    order by n.id
    for no key update
  )
  update spillway.notifications n set read_at = now() from unread u where n.workspace_id = p_workspace and n.id = u.id;
  if p_id is not null then
    perform from spillway.notifications n where n.workspace_id = p_workspace and n.id = p_id;
    if not found then
      raise exception using errcode = 'SW404', message = 'there is no such notification';
    end if;
  end if;
  return jsonb_build_object('unread', spillway.count_unread(p_workspace));
end
$$;
comment on function spillway.mark_notifications_read(integer, uuid) is 'marks one notification read, or all of them (null); SW404 where the workspace has no such one';
