create or replace function spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  with page as materialized (
    select n.* from spillway.notifications n
    where n.workspace_id = p_workspace and (p_after is null or n.id < p_after)
    order by n.id desc limit p_limit + 1
  ), shown as (
    select * from page order by id desc limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(jsonb_build_object(
        'id', s.id, 'kind', s.kind, 'import_id', s.import_id, 'title', s.title, 'message', s.message,
        'created_at', spillway.utc_text(s.created_at), 'read_at', spillway.utc_text(s.read_at),
        'links', jsonb_build_object('import', '/api/v1/imports/' || s.import_id,
          'retry', case s.kind when 'failed' then '/api/v1/imports/' || s.import_id || '/retry'
            when 'warning' then '/api/v1/imports/' || s.import_id || '/errors/retry' end))
      order by s.id desc) from shown s), '[]'),
    'unread', spillway.count_unread(p_workspace),
    'next', (select s.id::text from shown s where (select count(*) from page) > p_limit order by s.id limit 1))
$$;
comment on function spillway.list_notifications(integer, uuid, integer) is 'a page of notifications, newest first, with the number of unread ones';
