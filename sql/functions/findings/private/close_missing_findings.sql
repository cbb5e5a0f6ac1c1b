create or replace function spillway.close_missing_findings(p_workspace integer, p_scope text) returns integer
-- Planned for every call: see keep_first_occurrences.
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_import spillway.imports;
  v_closed integer;
begin
  -- One end of an import at a time: of two that end at once, the second sees the first.
  perform from spillway.workspaces w where w.id = p_workspace and p_scope is not null for no key update;
  -- The newest word on the scope counts, whichever import has just ended: one that comes late must not keep open what a newer one missed.
  -- An import with errors may have seen more than it could store.
  select i.* into v_import from spillway.imports i
  where i.workspace_id = p_workspace and i.scope = p_scope and i.close_missing and i.state = 'completed' and i.errors = 0
  order by i.id desc limit 1
  for no key update;
  if not found then
    return 0;
  end if;
  with gone as (
    delete from spillway.finding_scopes s using spillway.findings f
    where s.workspace_id = p_workspace and s.scope = p_scope and s.last_import_id < v_import.id
      and f.workspace_id = p_workspace and f.id = s.finding_id and f.tool = any (v_import.tools)
    returning s.finding_id
  ), closable as (
    select f.id from gone g join spillway.findings f on f.workspace_id = p_workspace and f.id = g.finding_id
    where f.status = 'open' and f.last_import_id < v_import.id
      -- Another scope still shows it, or an import of no scope was the last to see it.
      and not exists (select from spillway.finding_scopes o where o.workspace_id = p_workspace and o.finding_id = f.id and o.scope <> p_scope)
      and exists (select from spillway.imports l where l.workspace_id = p_workspace and l.id = f.last_import_id and l.scope is not null)
    order by f.id
    for no key update of f
  )
  update spillway.findings f set status = 'closed', closed_import_id = v_import.id
  from closable c
  where f.workspace_id = p_workspace and f.id = c.id;
  get diagnostics v_closed = row_count;
  if v_closed > 0 then
    update spillway.imports i
    set findings_closed = i.findings_closed + v_closed, updated_at = clock_timestamp(), version = i.version + 1
    where i.workspace_id = p_workspace and i.id = v_import.id;
    perform spillway.notify(p_workspace, v_import.id, 'closed', 'Findings closed',
      format('%s: %s findings of %s are no longer seen and are closed', v_import.file_name, v_closed, p_scope));
  end if;
  return v_closed;
end
$$;
comment on function spillway.close_missing_findings(integer, text) is
  'closes the open findings of a scope that its newest completed import with close_missing did not see, for the tools that this import holds, unless another scope shows them; gives their number';
