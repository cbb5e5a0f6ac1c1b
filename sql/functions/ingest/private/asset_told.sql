create or replace function spillway.asset_told(p_import uuid, a spillway.assets) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
      'attributes', (select coalesce(jsonb_object_agg(k.key, a.attributes -> k.key), '{}') from jsonb_each(a.attribute_imports) k where k.value = to_jsonb(p_import)))
    || case when a.hostname_import_id = p_import then jsonb_build_object('hostname', a.hostname) else '{}' end
$$;
comment on function spillway.asset_told(uuid, spillway.assets) is 'what an import was the newest to tell of an asset: {attributes, hostname: where it named it}';
