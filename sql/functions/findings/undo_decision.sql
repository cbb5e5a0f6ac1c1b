create or replace function spillway.undo_decision(p_workspace integer, p_decision uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  c_limit constant integer := 10000;
  v_decision spillway.decisions;
  v_findings uuid[];
  v_changed bigint;
begin
  perform spillway.lock_storing(p_workspace, true);
  select d.* into v_decision from spillway.decisions d where d.workspace_id = p_workspace and d.id = p_decision for no key update;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such decision, or it was too long ago to be undone';
  end if;
  v_findings := array(select x.finding_id from spillway.decision_findings x
    where x.workspace_id = p_workspace and x.decision_id = p_decision order by x.finding_id limit c_limit);
  with undone as (
    update spillway.findings f set status = x.previous_status, decided_at = x.previous_decided_at, closed_import_id = x.previous_closed_import_id
    from spillway.decision_findings x
    where x.workspace_id = p_workspace and x.decision_id = p_decision and x.finding_id = any (v_findings)
      and f.workspace_id = p_workspace and f.id = x.finding_id
      -- What was decided of it since then, or an import has changed, stays.
      and (f.status, f.decided_at) is not distinct from (v_decision.status, x.decided_at)
    returning x.*
  ), told as (
    delete from spillway.finding_decisions d using undone u where d.workspace_id = p_workspace and d.finding_id = u.finding_id and u.previous_decided_at is null
  ), told_again as (
    insert into spillway.finding_decisions as d (workspace_id, finding_id, decided_at, actor, reason, ends_at)
    select p_workspace, u.finding_id, u.previous_decided_at, u.previous_actor, u.previous_reason, u.previous_ends_at from undone u
    where u.previous_decided_at is not null and u.previous_actor is not null
    on conflict (workspace_id, finding_id) do update
    set decided_at = excluded.decided_at, actor = excluded.actor, reason = excluded.reason, ends_at = excluded.ends_at
  )
  select count(*) into v_changed from undone;
  delete from spillway.decision_findings x where x.workspace_id = p_workspace and x.decision_id = p_decision and x.finding_id = any (v_findings);
  update spillway.decisions d set undone = d.undone + v_changed where d.workspace_id = p_workspace and d.id = p_decision;
  perform spillway.note_event(p_workspace, 'findings.undone', p_decision::text, null, jsonb_build_object('findings', v_changed));
  return jsonb_build_object('id', p_decision, 'changed', v_changed, 'left', (
    select count(*) from spillway.decision_findings x where x.workspace_id = p_workspace and x.decision_id = p_decision));
end
$$;
comment on function spillway.undo_decision(integer, uuid) is
  'gives findings that were decided of together the status that they had before, at most 10,000 at a time: {id, changed, left: how many are still to be looked at}. Those of which something else was said since then stay as they are. SW404 where there is no such decision';
