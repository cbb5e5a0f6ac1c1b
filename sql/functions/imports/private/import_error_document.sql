-- One expression, in names that no search path changes: see utc_text.
create or replace function spillway.import_error_document(e spillway.import_errors) returns json
language sql stable parallel safe
as $$
  select pg_catalog.json_build_object(
    'id', e.id, 'kind', e.kind, 'code', e.code, 'message', e.message, 'offset', e.source_offset, 'line', e.source_line, 'column', e.column_name,
    'excerpt', e.excerpt, 'item', e.item, 'tries', e.tries, 'created_at', spillway.utc_text(e.created_at))
$$;
comment on function spillway.import_error_document(spillway.import_errors) is 'a record that could not be stored, as the API shows it';
