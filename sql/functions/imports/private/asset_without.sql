create or replace function spillway.asset_without(p_words jsonb, p_removed uuid, p_before jsonb) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  with told as (
    select a.key, case when a.value = to_jsonb(p_removed) then p_before #> array['attribute_imports', a.key] else a.value end as import,
      case when a.value = to_jsonb(p_removed) then p_before #> array['attributes', a.key] else p_words #> array['attributes', a.key] end as value
    from jsonb_each(p_words -> 'attribute_imports') a
  )
  select case when p_words ->> 'hostname_import_id' = p_removed::text
      then jsonb_build_object('hostname', p_before -> 'hostname', 'hostname_import_id', p_before -> 'hostname_import_id')
      else jsonb_build_object('hostname', p_words -> 'hostname', 'hostname_import_id', p_words -> 'hostname_import_id') end
    || jsonb_build_object('attributes', (select coalesce(jsonb_object_agg(t.key, t.value) filter (where t.import is not null), '{}') from told t),
      'attribute_imports', (select coalesce(jsonb_object_agg(t.key, t.import) filter (where t.import is not null), '{}') from told t))
$$;
comment on function spillway.asset_without(jsonb, uuid, jsonb) is
  'asset_words without what an import told: each of its facts is what it was before it (p_before: the asset_words then; null: there was no such asset), or is not there';
