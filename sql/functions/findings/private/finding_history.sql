create or replace function spillway.finding_history(p_workspace integer, p_finding uuid) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  c_most constant integer := 50;
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('decided_at', spillway.utc_text(h.decided_at), 'actor', h.actor, 'status', h.status, 'previous_status', h.previous_status, 'reason', h.reason,
      'ends_at', h.ends_at, 'decision_id', h.decision_id) order by h.decided_at desc)
    from (
      (select e.happened_at as decided_at, e.actor, e.after ->> 'status' as status, e.before ->> 'status' as previous_status, e.reason,
        e.after #>> '{decision,ends_at}' as ends_at, null::uuid as decision_id
      from spillway.events e where e.workspace_id = p_workspace and e.object_id = p_finding::text and e.action = 'finding.decided'
      order by e.id desc limit c_most)
      union all
      (select d.decided_at, d.actor, d.status::text, x.previous_status::text, d.reason, spillway.utc_text(d.ends_at), d.id
      from spillway.decision_findings x join spillway.decisions d on d.workspace_id = x.workspace_id and d.id = x.decision_id
      where x.workspace_id = p_workspace and x.finding_id = p_finding order by x.decision_id desc limit c_most)
      order by decided_at desc limit c_most
    ) as h), '[]');
end
$$;
comment on function spillway.finding_history(integer, uuid) is
  'the last 50 decisions of people about a finding, newest first, alone or with others (decision_id); of those that were undone together nothing is left';
