create or replace function spillway.asset_words(a spillway.assets) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object('hostname', a.hostname, 'hostname_import_id', a.hostname_import_id, 'attributes', a.attributes,
    'attribute_imports', a.attribute_imports)
$$;
comment on function spillway.asset_words(spillway.assets) is 'what is told of an asset, and which import was the newest to tell each fact';
