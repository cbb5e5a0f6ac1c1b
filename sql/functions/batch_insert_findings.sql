create or replace function spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) returns jsonb
language sql volatile set search_path = ''
as $$
  with given as materialized (
    select * from jsonb_to_recordset(p_findings) as (
      identity uuid, tool text, kind spillway.finding_kind, rule_id text, title text, severity spillway.severity,
      status spillway.finding_status, description text, solution text, vulnerability_ids text[], cwes integer[], cvss jsonb,
      "references" text[], component jsonb, attributes jsonb, "offset" bigint)
  ), known as materialized (
    select f.id, f.status, f.last_import_id
    from given g join spillway.findings f on f.workspace_id = p_workspace and f.id = g.identity
  ), stored as (
    insert into spillway.findings as f (
      workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
      component, attributes, source_offset, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, coalesce(g.description, ''),
      coalesce(g.solution, ''), coalesce(g.vulnerability_ids, '{}'), coalesce(g.cwes, '{}'), coalesce(g.cvss, '[]'),
      coalesce(g."references", '{}'), g.component, coalesce(g.attributes, '{}'), g."offset", p_import, p_import
    from given g order by g.identity
    on conflict (workspace_id, id) do update
    set title = excluded.title, severity = excluded.severity,
      -- A person's decision stays, but what a person closed and is seen again is open.
      status = case when f.decided_at is null or f.status = 'closed' then excluded.status else f.status end,
      description = excluded.description, solution = excluded.solution, vulnerability_ids = excluded.vulnerability_ids,
      cwes = excluded.cwes, cvss = excluded.cvss, reference_urls = excluded.reference_urls, component = excluded.component,
      attributes = excluded.attributes, source_offset = excluded.source_offset, last_import_id = excluded.last_import_id,
      last_seen_at = excluded.last_seen_at
    -- The newest import wins, in it the first record: in whatever order the batches of several imports arrive, the same is stored.
    where f.last_import_id < excluded.last_import_id
      or f.last_import_id = excluded.last_import_id and f.source_offset > excluded.source_offset
  ), seen as (
    insert into spillway.import_findings as s (workspace_id, import_id, finding_id, seen_as)
    select p_workspace, p_import, g.identity,
      case
        when k.id is null then 'new'
        when k.status = 'closed' and g.status = 'open' and k.last_import_id < p_import then 'reopened'
        else 'updated' end::spillway.seen_as
    from given g left join known k on k.id = g.identity
    order by g.identity
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'reopened', count(*) filter (where seen_as = 'reopened'))
  from seen
$$;
comment on function spillway.batch_insert_findings(integer, uuid, jsonb) is
  'stores findings, each identity once, and counts those that the import saw for the first time; the newest import wins';
