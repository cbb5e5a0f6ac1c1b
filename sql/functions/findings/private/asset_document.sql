-- One expression, in names that no search path changes: see utc_text.
create or replace function spillway.asset_document(a spillway.assets) returns json
language sql stable parallel safe
as $$
  select pg_catalog.json_build_object(
    'id', a.id, 'kind', a.kind, 'identity', a.identity, 'hostname', a.hostname, 'attributes', a.attributes,
    'first_import_id', a.first_import_id, 'last_import_id', a.last_import_id,
    'first_seen_at', spillway.utc_text(a.first_seen_at), 'last_seen_at', spillway.utc_text(a.last_seen_at))
$$;
comment on function spillway.asset_document(spillway.assets) is 'an asset as the API shows it';
