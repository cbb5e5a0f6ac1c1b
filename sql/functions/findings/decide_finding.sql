create or replace function spillway.decide_finding(
  p_workspace integer, p_finding uuid, p_status spillway.finding_status, p_reason text default null, p_ends_at text default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_ends_at timestamptz := spillway.end_of_decision(p_status, p_ends_at);
  v_finding spillway.findings;
  v_before jsonb;
  v_after jsonb;
begin
  select f.* into v_finding from spillway.findings f where f.workspace_id = p_workspace and f.id = p_finding for no key update;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such finding';
  end if;
  v_before := jsonb_build_object('status', v_finding.status, 'decision', spillway.decision_document(v_finding));
  update spillway.findings f
  set status = p_status, decided_at = case when p_status <> 'open' then clock_timestamp() end, closed_import_id = null
  where f.workspace_id = p_workspace and f.id = p_finding
  returning f.* into v_finding;
  perform spillway.note_decision(v_finding, p_reason, v_ends_at);
  v_after := jsonb_build_object('status', v_finding.status, 'decision', spillway.decision_document(v_finding));
  perform spillway.note_event(p_workspace, 'finding.decided', p_finding::text, v_before, v_after, p_reason);
  return spillway.finding_document(v_finding);
end
$$;
comment on function spillway.decide_finding(integer, uuid, spillway.finding_status, text, text) is
  'sets the status of a finding as a person decided, with their reason; open leaves it to the imports again. An accepted risk may have an end (RFC 3339), at which it is open again. SW404 where the workspace has no such finding, SW422 where the end is none';
