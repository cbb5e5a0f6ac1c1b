create or replace function spillway.decision_document(f spillway.findings) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  if f.decided_at is null then
    return null;
  end if;
  return (
    select jsonb_build_object('decided_at', spillway.utc_text(d.decided_at), 'actor', d.actor, 'reason', d.reason, 'ends_at', spillway.utc_text(d.ends_at))
    from spillway.finding_decisions d
    where d.workspace_id = f.workspace_id and d.finding_id = f.id and d.decided_at = f.decided_at
  );
end
$$;
comment on function spillway.decision_document(spillway.findings) is 'why a finding has its status, where a person has set it: by whom, in what words, and until when';
