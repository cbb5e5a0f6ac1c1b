create or replace function spillway.mark_notifications_read(p_workspace integer, p_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
begin
  update spillway.notifications n set read_at = now()
  where n.workspace_id = p_workspace and n.read_at is null and (p_id is null or n.id = p_id);
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
