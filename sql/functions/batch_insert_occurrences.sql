create or replace function spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences jsonb) returns jsonb
language sql volatile set search_path = ''
as $$
  with given as materialized (
    select * from jsonb_to_recordset(p_occurrences) as (
      id uuid, finding_id uuid, asset_id uuid, host text, port integer, protocol text, service text, url text, parameter text, path text,
      line bigint, evidence text)
  ), known as materialized (
    select o.id, o.last_import_id
    from given g join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id
  ), stored as (
    insert into spillway.occurrences as o (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, url, parameter, path, line, evidence,
      first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line,
      coalesce(g.evidence, ''), p_import, p_import
    from given g order by g.id
    on conflict (workspace_id, id) do update
    set service = excluded.service, evidence = excluded.evidence, last_import_id = excluded.last_import_id,
      last_seen_at = excluded.last_seen_at
    where o.last_import_id < excluded.last_import_id
    returning o.id
  )
  select jsonb_build_object(
    'new', count(*) filter (where k.id is null),
    'updated', count(*) filter (where k.last_import_id < p_import))
  from stored s left join known k on k.id = s.id
$$;
comment on function spillway.batch_insert_occurrences(integer, uuid, jsonb) is
  'stores occurrences, each id once, and counts those that are new and those that only an older import had seen; their findings and assets are stored before';
