create or replace function spillway.set_decisions(p_workspace integer, p_decision uuid, p_findings uuid[], p_now timestamptz) returns bigint
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_decision spillway.decisions;
  v_decided_at timestamptz;
  v_changed bigint;
begin
  select d.* into strict v_decision from spillway.decisions d where d.workspace_id = p_workspace and d.id = p_decision;
  v_decided_at := case when v_decision.status <> 'open' then p_now end;
  insert into spillway.decision_findings (workspace_id, decision_id, finding_id, decided_at, previous_status, previous_decided_at, previous_closed_import_id, previous_actor,
    previous_reason, previous_ends_at)
  select p_workspace, p_decision, f.id, v_decided_at, f.status, f.decided_at, f.closed_import_id, d.actor, d.reason, d.ends_at
  from (select f.* from spillway.findings f where f.workspace_id = p_workspace and f.id = any (p_findings) order by f.id for no key update) as f
  left join spillway.finding_decisions d on d.workspace_id = p_workspace and d.finding_id = f.id and d.decided_at = f.decided_at
  on conflict do nothing;
  update spillway.findings f set status = v_decision.status, decided_at = v_decided_at, closed_import_id = null
  where f.workspace_id = p_workspace and f.id = any (p_findings);
  get diagnostics v_changed = row_count;
  if v_decided_at is null then
    delete from spillway.finding_decisions d where d.workspace_id = p_workspace and d.finding_id = any (p_findings);
  else
    insert into spillway.finding_decisions as d (workspace_id, finding_id, decided_at, actor, reason, ends_at)
    select p_workspace, f, v_decided_at, v_decision.actor, v_decision.reason, v_decision.ends_at from unnest(p_findings) f
    on conflict (workspace_id, finding_id) do update
    set decided_at = excluded.decided_at, actor = excluded.actor, reason = excluded.reason, ends_at = excluded.ends_at;
  end if;
  update spillway.decisions d set findings = d.findings + v_changed where d.workspace_id = p_workspace and d.id = p_decision;
  perform spillway.note_event(p_workspace, 'findings.decided', p_decision::text, null,
    jsonb_build_object('status', v_decision.status, 'ends_at', spillway.utc_text(v_decision.ends_at), 'findings', v_changed), v_decision.reason);
  return v_changed;
end
$$;
comment on function spillway.set_decisions(integer, uuid, uuid[], timestamptz) is
  'has a decision hold for these findings, and keeps what they were; for whoever holds lock_storing alone. Gives how many they were';
