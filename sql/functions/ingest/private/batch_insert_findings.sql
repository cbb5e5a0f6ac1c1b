create or replace function spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) returns jsonb
language plpgsql volatile set search_path = '' set enable_seqscan = off
as $$
declare
  -- What an empty field of a finding is, which is not sent.
  c_defaults constant spillway.new_finding := row(
    null, null, null, null, null, null, null, '', '', '{}'::text[], '{}'::integer[], '[]'::jsonb, '{}'::text[], null, '{}'::jsonb, null);
  v_counts jsonb;
  v_new integer;
begin
  if (select i.only_new_findings from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import) then
    -- Not to look first whether each is there saves a quarter of the time of short findings (PostgreSQL 15, those of Gitleaks).
    begin
      with stored as (
        insert into spillway.findings (
          workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
          component, attributes, source_offset, first_import_id, last_import_id)
        select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, g.description, g.solution, g.vulnerability_ids,
          g.cwes, g.cvss, g."references", g.component, g.attributes, g."offset", p_import, p_import
        from jsonb_populate_recordset(c_defaults, p_findings) g order by g.identity
        returning id, severity, source_offset
      )
      -- Made of what is stored, so that this comes after it, as it does below: who writes in another order may wait in a circle.
      insert into spillway.import_findings (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
      select p_workspace, p_import, s.id, 'new', s.severity, s.source_offset from stored s order by s.id;
      get diagnostics v_new = row_count;
      return jsonb_build_object('new', v_new);
    exception when unique_violation then
      -- Some are there: nothing of this is kept.
    end;
  end if;
  with given as materialized (
    select * from jsonb_populate_recordset(c_defaults, p_findings)
  ), news as (
    -- What is stored already as it is to be is not even locked: segments of one import, and imports of one workspace, share most findings.
    -- It stays so, whatever others write meanwhile.
    select g.* from given g
    -- One by one (limit) by the index of their key (enable_seqscan): the plan is kept, and when it is made the table is as good as empty. A join
    -- was then one with all findings of the workspace, for every batch.
    left join lateral (
      select f.last_import_id, f.source_offset from spillway.findings f where f.workspace_id = p_workspace and f.id = g.identity limit 1
    ) k on true
    where k.last_import_id is null or k.last_import_id < p_import or k.last_import_id = p_import and k.source_offset > g."offset"
  ), stored as (
    insert into spillway.findings as f (
      workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
      component, attributes, source_offset, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, g.description, g.solution, g.vulnerability_ids,
      g.cwes, g.cvss, g."references", g.component, g.attributes, g."offset", p_import, p_import
    from news g order by g.identity
    on conflict (workspace_id, id) do update
    set title = excluded.title, severity = excluded.severity,
      -- The old value where it is the same: PostgreSQL then leaves a text that it keeps outside of the row where it is.
      description = case when f.description = excluded.description then f.description else excluded.description end,
      solution = case when f.solution = excluded.solution then f.solution else excluded.solution end,
      reference_urls = case when f.reference_urls = excluded.reference_urls then f.reference_urls else excluded.reference_urls end,
      attributes = case when f.attributes = excluded.attributes then f.attributes else excluded.attributes end,
      vulnerability_ids = excluded.vulnerability_ids, cwes = excluded.cwes, cvss = excluded.cvss, component = excluded.component,
      (status, decided_at, closed_import_id, seen_as) = (
        select n.status, case when n.status = f.status then f.decided_at end, case when n.status = f.status then f.closed_import_id end,
          case
            when f.last_import_id = p_import then f.seen_as
            when f.status = 'closed' and n.status = 'open' then 'reopened'
            when n.status = f.status and f.title = excluded.title and f.severity = excluded.severity
              and f.description = excluded.description and f.solution = excluded.solution
              and f.vulnerability_ids = excluded.vulnerability_ids and f.cwes = excluded.cwes and f.cvss = excluded.cvss
              and f.reference_urls = excluded.reference_urls and f.component is not distinct from excluded.component
              and f.attributes = excluded.attributes then 'unchanged'
            else 'updated' end::spillway.seen_as
        from (
          select case
            -- A person's decision stays; what a person closed is opened only by a report of later.
            when f.decided_at is not null and (f.status <> 'closed' or f.decided_at > spillway.time_of_id(p_import)) then f.status
            -- A newer import has missed it already.
            when f.closed_import_id > p_import then f.status
            else excluded.status end
        ) as n (status)),
      source_offset = excluded.source_offset, last_import_id = p_import,
      last_seen_at = case when f.last_import_id = p_import then f.last_seen_at else excluded.last_seen_at end
    -- The newest import wins, in it the first record: in whatever order the batches of several imports arrive, the same is stored.
    where f.last_import_id < p_import or f.last_import_id = p_import and f.source_offset > excluded.source_offset
    returning f.id, f.seen_as
  ), seen as (
    insert into spillway.import_findings as s (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
    select p_workspace, p_import, g.identity, coalesce(w.seen_as, 'unchanged'), g.severity, g."offset"
    from given g left join stored w on w.id = g.identity
    order by g.identity
    -- Of two records of one report the first says how bad it is, whichever came first.
    on conflict (workspace_id, import_id, finding_id) do update set severity = excluded.severity, source_offset = excluded.source_offset
    where s.source_offset > excluded.source_offset
    -- A row that was there before has been counted.
    returning case when s.xmax = 0 then s.seen_as end as seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'reopened', count(*) filter (where seen_as = 'reopened'),
    'unchanged', count(*) filter (where seen_as = 'unchanged'))
  into v_counts from seen;
  return v_counts;
end
$$;
comment on function spillway.batch_insert_findings(integer, uuid, jsonb) is
  'stores findings, each identity once, and counts those that the import saw for the first time; the newest import wins';
