create or replace function spillway.decide_findings(p_workspace integer, p_asked jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_limit constant integer := 10000;
  v_status constant spillway.finding_status := p_asked ->> 'status';
  v_ends_at constant timestamptz := spillway.end_of_decision(v_status, p_asked ->> 'ends_at');
  v_filter constant jsonb := p_asked -> 'filter';
  v_decision uuid := p_asked ->> 'decision';
  v_now constant timestamptz := clock_timestamp();
  v_chosen uuid[];
  v_severity spillway.severity;
  v_changed bigint;
begin
  -- Findings are locked here in an order that no batch has.
  perform spillway.lock_storing(p_workspace, true);
  if v_filter is null then
    v_chosen := array(select f.id from spillway.findings f
      where f.workspace_id = p_workspace and f.id in (select i::uuid from jsonb_array_elements_text(p_asked -> 'ids') i));
    if v_chosen = '{}' then
      raise exception using errcode = 'SW404', message = 'there are no such findings';
    end if;
  else
    if p_asked -> 'after' is null then
      perform spillway.check_expected(p_workspace, v_filter, (p_asked ->> 'expected')::bigint);
    end if;
    execute format('select array_agg(k.id), (array_agg(k.severity))[%1$s] from (select * from (%2$s) k order by k.severity desc, k.id desc) k', c_limit,
      spillway.findings_passing(p_workspace, v_filter, spillway.findings_walk(p_workspace, v_filter, (p_asked #>> '{after,severity}')::spillway.severity,
        (p_asked #>> '{after,id}')::uuid, null), c_limit + 1))
    into v_chosen, v_severity;
  end if;
  if v_decision is null then
    v_decision := spillway.new_id();
    insert into spillway.decisions (workspace_id, id, actor, status, reason, ends_at)
    values (p_workspace, v_decision, spillway.actor(p_workspace), v_status, p_asked ->> 'reason', v_ends_at);
  elsif not exists (
    select from spillway.decisions d where d.workspace_id = p_workspace and d.id = v_decision and d.status = v_status
      and (d.reason, d.ends_at) is not distinct from (p_asked ->> 'reason', v_ends_at) for no key update
  ) then
    raise exception using errcode = 'SW422', message = 'the cursor is of another decision: go on with the same status, reason and ends_at';
  end if;
  v_changed := spillway.set_decisions(p_workspace, v_decision, v_chosen[:c_limit], v_now);
  return jsonb_build_object('id', v_decision, 'changed', v_changed,
    'place', case when cardinality(v_chosen) > c_limit then jsonb_build_object('severity', v_severity, 'id', v_chosen[c_limit]) end);
end
$$;
comment on function spillway.decide_findings(integer, jsonb) is
  'sets the status of many findings as a person decided: {status, reason, ends_at, and ids, or filter (see findings_walk) with expected, how many they were when the person looked}. At most 10,000 at a time: {id: of the decision, changed, place: null where there are no more}; where there are, it goes on with decision (the id) and after (the place). SW404 where there is none of the ids, SW409 where there are over 5 % more or less than expected, SW422 where the end of the decision is none';
