create or replace function spillway.end_decisions(p_limit integer) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_finding spillway.findings;
  v_before jsonb;
  v_count integer := 0;
begin
  -- Past what others hold, so that this waits for nobody; findings before their decisions, as everybody locks them.
  for v_finding in
    select f.* from spillway.findings f
    join (
      select d.workspace_id, d.finding_id from spillway.finding_decisions d where d.ends_at <= now() order by d.ends_at limit p_limit
    ) as d on d.workspace_id = f.workspace_id and d.finding_id = f.id
    order by f.workspace_id, f.id
    for no key update of f skip locked
  loop
    v_before := jsonb_build_object('status', v_finding.status, 'decision', spillway.decision_document(v_finding));
    delete from spillway.finding_decisions d where d.workspace_id = v_finding.workspace_id and d.finding_id = v_finding.id;
    -- An import or a person may have said something else since.
    continue when v_finding.status <> 'accepted_risk' or v_before -> 'decision' = 'null';
    update spillway.findings f set status = 'open', decided_at = null where f.workspace_id = v_finding.workspace_id and f.id = v_finding.id;
    perform spillway.note_event(v_finding.workspace_id, 'finding.decision_ended', v_finding.id::text, v_before,
      jsonb_build_object('status', 'open', 'decision', null));
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function spillway.end_decisions(integer) is 'opens findings whose risk was accepted until now, at most p_limit; gives how many';
