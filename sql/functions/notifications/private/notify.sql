create or replace function spillway.notify(
  p_workspace integer, p_import uuid, p_kind spillway.notification_kind, p_title text, p_message text
) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into spillway.notifications (workspace_id, id, kind, import_id, title, message)
  values (p_workspace, spillway.new_id(), p_kind, p_import, p_title, p_message);
end
$$;
comment on function spillway.notify(integer, uuid, spillway.notification_kind, text, text) is 'tells a workspace about one of its imports';
