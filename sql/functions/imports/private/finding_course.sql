create or replace function spillway.finding_course(f spillway.findings, p_stopped_at timestamptz, p_without uuid default null) returns jsonb
-- Planned for every call: see keep_first_occurrences.
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_event record;
  v_decided boolean := f.decided_at is null;
  v_status spillway.finding_status := 'open';
  v_closed_by uuid;
  v_scopes jsonb := '{}';
  v_before jsonb := '{}';
  v_seen boolean := false;
  v_last_scope text;
  v_reopened uuid[] := '{}';
  v_closed uuid[] := '{}';
  v_unscoped uuid[] := '{}';
begin
  for v_event in
    with importers (id) as (
      select f.first_import_id
      union select unnest(array[e.import_id, e.previous_import_id]) from spillway.earlier_states e where e.workspace_id = f.workspace_id and e.object_id = f.id
    ), saw as (
      select i.id, i.scope, i.started_at, i.tools, i.close_missing and i.state = 'completed' and i.errors = 0 and i.finished_at < p_stopped_at as closes
      from importers m join spillway.imports i on i.workspace_id = f.workspace_id and i.id = m.id
      union all
      select r.id, r.scope, r.started_at, r.tools, r.closes from importers m join spillway.removed_imports r on r.workspace_id = f.workspace_id and r.id = m.id
      where r.ended_at is null
    ), closing as (
      select i.id, i.scope, i.started_at, i.tools from spillway.imports i
      where i.workspace_id = f.workspace_id and i.scope in (select s.scope from saw s) and i.close_missing and i.state = 'completed' and i.errors = 0
        and i.finished_at < p_stopped_at
      union all
      select r.id, r.scope, r.started_at, r.tools from spillway.removed_imports r
      where r.workspace_id = f.workspace_id and r.scope in (select s.scope from saw s) and r.closes and r.ended_at is null
    )
    select k.id, k.scope, k.started_at, k.closes and f.tool = any (k.tools) as closes, k.saw or exists (
        select from spillway.import_findings s where s.workspace_id = f.workspace_id and s.import_id = k.id and s.finding_id = f.id) as saw
    from (
      select s.id, s.scope, s.started_at, s.tools, s.closes, true as saw from saw s
      union all select c.id, c.scope, c.started_at, c.tools, true, false from closing c where c.id not in (select s.id from saw s)
    ) as k
    where k.id is distinct from p_without
    order by k.id
  loop
    if not v_decided and v_event.started_at > f.decided_at then
      v_decided := true;
      v_status := f.status;
      v_closed_by := null;
    end if;
    if v_event.saw then
      v_before := v_before || jsonb_build_object(v_event.id, v_status);
      if v_seen and v_status = 'closed' then
        v_reopened := v_reopened || v_event.id;
        v_status := 'open';
        v_closed_by := null;
      end if;
      v_seen := true;
      v_last_scope := v_event.scope;
      v_scopes := v_scopes || case when v_event.scope is not null then jsonb_build_object(v_event.scope, v_event.id) else '{}' end;
    elsif v_event.closes and v_scopes ? v_event.scope then
      v_scopes := v_scopes - v_event.scope;
      v_unscoped := v_unscoped || v_event.id;
      if v_status = 'open' and v_scopes = '{}' and v_last_scope is not null then
        v_status := 'closed';
        v_closed_by := v_event.id;
        v_closed := v_closed || v_event.id;
      end if;
    end if;
  end loop;
  if not v_decided then
    v_status := f.status;
    v_closed_by := null;
  end if;
  return jsonb_build_object('status', v_status, 'before', v_before, 'closed_by', v_closed_by, 'scopes', v_scopes, 'reopened', v_reopened, 'closed', v_closed, 'unscoped', v_unscoped);
end
$$;
comment on function spillway.finding_course(spillway.findings, timestamptz, uuid) is
  'what became of a finding by the imports that saw it and those that closed what their scopes no longer show, one after the other, and by the decision that holds: {status, before: {import that saw it: the status before}, closed_by, scopes: {scope: the newest import that shows it}, reopened, closed and unscoped: the imports that did so}; what ended after p_stopped_at has closed nothing yet, and p_without is left out';
