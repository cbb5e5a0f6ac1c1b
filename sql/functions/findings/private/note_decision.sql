create or replace function spillway.note_decision(f spillway.findings, p_reason text, p_ends_at timestamptz) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if f.decided_at is null then
    delete from spillway.finding_decisions d where d.workspace_id = f.workspace_id and d.finding_id = f.id;
    return;
  end if;
  insert into spillway.finding_decisions as d (workspace_id, finding_id, decided_at, actor, reason, ends_at)
  values (f.workspace_id, f.id, f.decided_at, spillway.actor(f.workspace_id), p_reason, p_ends_at)
  on conflict (workspace_id, finding_id) do update
  set decided_at = excluded.decided_at, actor = excluded.actor, reason = excluded.reason, ends_at = excluded.ends_at;
end
$$;
comment on function spillway.note_decision(spillway.findings, text, timestamptz) is 'keeps who decided a finding''s status, why, and until when; for whoever has the finding''s row locked';
