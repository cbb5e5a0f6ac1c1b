-- One expression, in names that no search path changes: see utc_text.
create or replace function spillway.notification_document(n spillway.notifications) returns json
language sql stable parallel safe
as $$
  select pg_catalog.json_build_object(
    'id', n.id, 'kind', n.kind, 'import_id', n.import_id, 'title', n.title, 'message', n.message,
    'created_at', spillway.utc_text(n.created_at), 'read_at', spillway.utc_text(n.read_at),
    'links', pg_catalog.json_build_object(
      'import', pg_catalog.concat('/api/v1/imports/', n.import_id),
      'retry', case n.kind when 'failed' then pg_catalog.concat('/api/v1/imports/', n.import_id, '/retry')
        when 'warning' then pg_catalog.concat('/api/v1/imports/', n.import_id, '/errors/retry') end))
$$;
comment on function spillway.notification_document(spillway.notifications) is 'a notification as the API shows it';
