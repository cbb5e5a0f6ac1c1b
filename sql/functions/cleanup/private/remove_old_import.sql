create or replace function spillway.remove_old_import(p_days integer, p_limit integer) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_findings integer;
  v_assets integer;
begin
  select i.* into v_import from spillway.imports i
  where i.finished_at < now() - make_interval(days => p_days) and i.report_removed_at is not null
  order by i.finished_at limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  with old as materialized (
    select f.finding_id from spillway.import_findings f
    where f.workspace_id = v_import.workspace_id and f.import_id = v_import.id order by f.finding_id limit p_limit
  )
  delete from spillway.import_findings f using old o
  where f.workspace_id = v_import.workspace_id and f.import_id = v_import.id and f.finding_id = o.finding_id;
  get diagnostics v_findings = row_count;
  with old as materialized (
    select a.asset_id from spillway.import_assets a
    where a.workspace_id = v_import.workspace_id and a.import_id = v_import.id order by a.asset_id limit p_limit
  )
  delete from spillway.import_assets a using old o
  where a.workspace_id = v_import.workspace_id and a.import_id = v_import.id and a.asset_id = o.asset_id;
  get diagnostics v_assets = row_count;
  if v_findings < p_limit and v_assets < p_limit then
    -- Its errors and notifications go with it.
    delete from spillway.imports i where i.workspace_id = v_import.workspace_id and i.id = v_import.id;
  end if;
  return v_findings + v_assets;
end
$$;
comment on function spillway.remove_old_import(integer, integer) is
  'removes the import that ended first, if that was p_days ago and its report is gone, with what it remembers to have seen: p_limit rows of each table at a time. What it found stays';
