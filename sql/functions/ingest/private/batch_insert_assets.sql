create or replace function spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_counts jsonb;
begin
  with given as materialized (
    select g.id, g.kind, g.identity, g.hostname, coalesce(g.attributes, '{}') as attributes,
      (select coalesce(jsonb_object_agg(k, p_import), '{}') from jsonb_object_keys(coalesce(g.attributes, '{}')) k) as attribute_imports
    from jsonb_to_recordset(p_assets) as g (id uuid, kind spillway.asset_kind, identity text, hostname text, attributes jsonb)
  ), stored as (
    insert into spillway.assets as a (
      workspace_id, id, kind, identity, hostname, hostname_import_id, attributes, attribute_imports, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.kind, g.identity, g.hostname, case when g.hostname is not null then p_import end, g.attributes,
      g.attribute_imports, p_import, p_import
    from given g order by g.id
    -- Fact by fact the newest import that tells it counts, in whatever order imports arrive.
    on conflict (workspace_id, id) do update
    set (hostname, hostname_import_id, attributes, attribute_imports, seen_as) = (
        select
          case when n.is_named then excluded.hostname else a.hostname end,
          case when n.is_named then p_import else a.hostname_import_id end,
          a.attributes || n.attributes,
          a.attribute_imports || (select coalesce(jsonb_object_agg(k, p_import), '{}') from jsonb_object_keys(n.attributes) k),
          case
            when a.last_import_id >= p_import then a.seen_as
            when a.attributes @> n.attributes and not (n.is_named and a.hostname is distinct from excluded.hostname) then 'unchanged'
            else 'updated' end::spillway.seen_as
        from (
          select spillway.later_attributes(a.attribute_imports, excluded.attributes, p_import) as attributes,
            excluded.hostname is not null and coalesce(a.hostname_import_id <= p_import, true) as is_named
        ) as n),
      last_import_id = greatest(a.last_import_id, p_import),
      last_seen_at = case when a.last_import_id < p_import then excluded.last_seen_at else a.last_seen_at end
    where a.last_import_id < p_import
      or not a.attributes @> excluded.attributes or not a.attribute_imports @> excluded.attribute_imports
      or excluded.hostname is not null and (a.hostname_import_id is distinct from p_import or a.hostname <> excluded.hostname)
    returning a.id, a.last_import_id, a.seen_as
  ), seen as (
    insert into spillway.import_assets as s (workspace_id, import_id, asset_id, seen_as)
    select p_workspace, p_import, g.id, case when w.last_import_id = p_import then w.seen_as else 'unchanged' end
    from given g left join stored w on w.id = g.id
    order by g.id
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'unchanged', count(*) filter (where seen_as = 'unchanged'))
  into v_counts from seen;
  return v_counts;
end
$$;
comment on function spillway.batch_insert_assets(integer, uuid, jsonb) is
  'stores assets [{id, kind, identity, hostname, attributes}], each id once, and counts those that the import saw for the first time; of each fact the newest import''s word is kept';
