create or replace function spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) returns jsonb
language sql volatile set search_path = ''
as $$
  with given as materialized (
    select * from jsonb_to_recordset(p_assets) as (id uuid, kind spillway.asset_kind, identity text, hostname text, attributes jsonb)
  ), known as materialized (
    select a.id from given g join spillway.assets a on a.workspace_id = p_workspace and a.id = g.id
  ), stored as (
    insert into spillway.assets as a (workspace_id, id, kind, identity, hostname, attributes, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.kind, g.identity, g.hostname, coalesce(g.attributes, '{}'), p_import, p_import from given g order by g.id
    on conflict (workspace_id, id) do update
    set hostname = coalesce(excluded.hostname, a.hostname),
      attributes = case when a.attributes @> excluded.attributes then a.attributes else a.attributes || excluded.attributes end,
      last_import_id = excluded.last_import_id, last_seen_at = excluded.last_seen_at
    where a.last_import_id < excluded.last_import_id
      or a.last_import_id = excluded.last_import_id
        and (a.hostname is distinct from coalesce(excluded.hostname, a.hostname) or not a.attributes @> excluded.attributes)
  ), seen as (
    insert into spillway.import_assets as s (workspace_id, import_id, asset_id, seen_as)
    select p_workspace, p_import, g.id, case when k.id is null then 'new' else 'updated' end::spillway.seen_as
    from given g left join known k on k.id = g.id
    order by g.id
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'))
  from seen
$$;
comment on function spillway.batch_insert_assets(integer, uuid, jsonb) is
  'stores assets [{id, kind, identity, hostname, attributes}], each id once, and counts those that the import saw for the first time; the newest import wins';
