create or replace function spillway.close_missing_findings(p_workspace integer, p_scope text) returns integer
-- Planned for every call: see keep_first_occurrences.
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_import spillway.imports;
  v_missing uuid[];
  v_closed integer;
begin
  if p_scope is null then
    return 0;
  end if;
  perform spillway.lock_closing(p_workspace);
  -- What a removed import saw may not count: the removal's last step closes (close_after_removals).
  if exists (select from spillway.removed_imports r where r.workspace_id = p_workspace and r.ended_at is null) then
    return 0;
  end if;
  -- The newest word on the scope counts, whichever import has just ended: one that comes late must not keep open what a newer one missed.
  -- An import with errors may have seen more than it could store.
  select i.* into v_import from spillway.imports i
  where i.workspace_id = p_workspace and i.scope = p_scope and i.close_missing and i.state = 'completed' and i.errors = 0
  order by i.id desc limit 1;
  if not found then
    return 0;
  end if;
  v_missing := array(
    select s.finding_id from spillway.finding_scopes s
    join spillway.findings f on f.workspace_id = p_workspace and f.id = s.finding_id
    where s.workspace_id = p_workspace and s.scope = p_scope and s.last_import_id < v_import.id and f.tool = any (v_import.tools));
  -- As batches lock them: all findings, then their scopes. What they have stored by then counts.
  perform from spillway.findings f where f.workspace_id = p_workspace and f.id = any (v_missing) order by f.id for no key update;
  with gone as materialized (
    select s.finding_id from spillway.finding_scopes s
    where s.workspace_id = p_workspace and s.scope = p_scope and s.finding_id = any (v_missing) and s.last_import_id < v_import.id
    order by s.finding_id
    for update
  ), removed as (
    delete from spillway.finding_scopes s using gone g
    where s.workspace_id = p_workspace and s.scope = p_scope and s.finding_id = g.finding_id
    returning s.finding_id
  ), noted as (
    insert into spillway.closed_scopes (workspace_id, import_id, finding_id) select p_workspace, v_import.id, r.finding_id from removed r on conflict do nothing
  )
  update spillway.findings f set status = 'closed', closed_import_id = v_import.id
  from removed r
  where f.workspace_id = p_workspace and f.id = r.finding_id and f.status = 'open' and f.last_import_id < v_import.id
    -- Another scope still shows it, or an import of no scope was the last to see it.
    and not exists (select from spillway.finding_scopes o where o.workspace_id = p_workspace and o.finding_id = f.id and o.scope <> p_scope)
    and not exists (select from spillway.imports l where l.workspace_id = p_workspace and l.id = f.last_import_id and l.scope is null);
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
