-- One expression, in names that no search path changes: see utc_text.
create or replace function spillway.occurrence_document(o spillway.occurrences, p_asset_identity text) returns json
language sql stable parallel safe
as $$
  select pg_catalog.json_build_object(
    'id', o.id, 'finding_id', o.finding_id, 'asset_id', o.asset_id, 'asset_identity', p_asset_identity,
    'location', pg_catalog.json_build_object('host', o.host, 'port', o.port, 'protocol', o.protocol, 'service', o.service, 'url', o.url,
      'parameter', o.parameter, 'path', o.path, 'line', o.line),
    'evidence', o.evidence, 'first_import_id', o.first_import_id, 'last_import_id', o.last_import_id,
    'first_seen_at', spillway.utc_text(o.first_seen_at), 'last_seen_at', spillway.utc_text(o.last_seen_at))
$$;
comment on function spillway.occurrence_document(spillway.occurrences, text) is 'an occurrence as the API shows it, with the identity of its asset';
