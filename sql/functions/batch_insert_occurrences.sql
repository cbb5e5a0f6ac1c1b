create or replace function spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.new_occurrence[]) returns jsonb
language sql volatile set search_path = ''
as $$
  with given as materialized (
    select * from unnest(p_occurrences)
  ), stored as (
    insert into spillway.occurrences as o (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, url, parameter, path, line, evidence,
      first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line,
      coalesce(g.evidence, ''), p_import, p_import
    from given g order by g.id
    on conflict (workspace_id, id) do update
    set service = excluded.service,
      evidence = case when o.evidence = excluded.evidence then o.evidence else excluded.evidence end,
      seen_as = case when o.evidence = excluded.evidence and o.service is not distinct from excluded.service then 'unchanged'
        else 'updated' end::spillway.seen_as,
      last_import_id = p_import, last_seen_at = excluded.last_seen_at
    where o.last_import_id < p_import
    returning o.id, o.seen_as
  ), counted as (
    -- What is not stored was seen before by this import, which counts once, or by a newer one.
    select coalesce(s.seen_as, 'unchanged') as seen_as
    from given g left join stored s on s.id = g.id
    where s.id is not null
      or not exists (select from spillway.occurrences o where o.workspace_id = p_workspace and o.id = g.id and o.last_import_id = p_import)
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'unchanged', count(*) filter (where seen_as = 'unchanged'))
  from counted
$$;
comment on function spillway.batch_insert_occurrences(integer, uuid, spillway.new_occurrence[]) is
  'stores occurrences, each id once, and counts them; their findings and assets are stored before. What a report shows in two batches is counted twice only where a newer import has seen it in between';
