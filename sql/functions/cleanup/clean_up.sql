create or replace function spillway.clean_up(p_import_days integer, p_limit integer) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_notification_time constant interval := interval '90 days';
  -- Longer than any statement: one that has ended a session is yet to be charged by it.
  c_session_time constant interval := interval '1 hour';
  c_removable_time constant interval := interval '30 days';
  c_removal_time constant interval := interval '90 days';
  c_undo_time constant interval := interval '90 days';
begin
  perform spillway.end_decisions(p_limit);
  with old as materialized (
    select n.workspace_id, n.id from spillway.notifications n
    where n.created_at < now() - c_notification_time order by n.created_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.notifications n using old o where n.workspace_id = o.workspace_id and n.id = o.id;
  with old as materialized (
    select e.workspace_id, e.id from spillway.events e
    where e.happened_at < now() - spillway.event_retention() order by e.happened_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.events e using old o where e.workspace_id = o.workspace_id and e.id = o.id;
  with old as materialized (
    select s.workspace_id, s.key_id, s.hash from spillway.sessions s
    where s.expires_at < now() - c_session_time order by s.expires_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.sessions s using old o where s.workspace_id = o.workspace_id and s.key_id = o.key_id and s.hash = o.hash;
  -- The findings of one at a time: a decision may have been of millions.
  with old as materialized (
    select x.workspace_id, x.decision_id, x.finding_id from (
      select d.workspace_id, d.id from spillway.decisions d where d.decided_at < now() - c_undo_time order by d.decided_at limit 1
    ) as d join spillway.decision_findings x on x.workspace_id = d.workspace_id and x.decision_id = d.id limit p_limit * 100
  )
  delete from spillway.decision_findings x using old o
  where x.workspace_id = o.workspace_id and x.decision_id = o.decision_id and x.finding_id = o.finding_id;
  delete from spillway.decisions d using (
    select d.workspace_id, d.id from spillway.decisions d where d.decided_at < now() - c_undo_time
      and not exists (select from spillway.decision_findings x where x.workspace_id = d.workspace_id and x.decision_id = d.id)
    order by d.decided_at limit 1 for update skip locked
  ) as o where d.workspace_id = o.workspace_id and d.id = o.id;
  -- By their places, in which they lie as they came: there is no index by import but one of blocks.
  delete from spillway.earlier_states e where e.ctid = any (array(
    select o.ctid from spillway.earlier_states o where o.import_id < spillway.id_at(now() - c_removable_time) limit p_limit * 400
    for update skip locked));
  with old as materialized (
    select r.workspace_id, r.id from spillway.removed_imports r where r.ended_at < now() - c_removal_time order by r.ended_at limit p_limit
    for update skip locked
  )
  delete from spillway.removed_imports r using old o where r.workspace_id = o.workspace_id and r.id = o.id;
  perform spillway.remove_old_generations(p_limit);
  perform spillway.remove_old_import(p_import_days, p_limit * 100);
end
$$;
comment on function spillway.clean_up(integer, integer) is
  'what the database needs no more, a little at a time, past what others hold: decisions that end, sessions that have ended, notifications and decisions of many findings of over 90 days ago, events of over event_retention() ago, what imports of over 30 days ago changed (they can no longer be removed where others saw the same), removals that ended 90 days ago, tables of datasets that were replaced or removed, and imports that ended p_import_days ago and whose report is gone';
