create or replace function spillway.import_beside(p_import spillway.imports) returns uuid
language sql stable set search_path = ''
as $$
  with times as (
    select i.id, i.active, i.started_at, greatest(i.finished_at, (
        select max(e.happened_at) from spillway.events e
        where e.workspace_id = i.workspace_id and e.object_id = i.id::text and e.action = 'import.errors_retried')) as ended_at
    from spillway.imports i where i.workspace_id = p_import.workspace_id and i.kind = 'report'
  )
  select o.id from times o, times t
  where t.id = p_import.id and o.id <> t.id and o.started_at is not null
    and case when o.id < t.id then o.active or o.ended_at > t.started_at else o.started_at < t.ended_at end
    and (o.active
      or exists (select from spillway.import_findings a join spillway.import_findings b on b.workspace_id = a.workspace_id and b.finding_id = a.finding_id
        where a.workspace_id = p_import.workspace_id and a.import_id = o.id and b.import_id = t.id)
      or exists (select from spillway.import_assets a join spillway.import_assets b on b.workspace_id = a.workspace_id and b.asset_id = a.asset_id
        where a.workspace_id = p_import.workspace_id and a.import_id = o.id and b.import_id = t.id))
  limit 1
$$;
comment on function spillway.import_beside(spillway.imports) is
  'an import that was or may yet be stored in another order than that of the ids, seen from an import that shares findings or assets with it: where imports follow each other, each knows what it changed, and only there';
