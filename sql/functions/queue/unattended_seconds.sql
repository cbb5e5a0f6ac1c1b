create or replace function spillway.unattended_seconds() returns double precision
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_due timestamptz;
  v_served timestamptz;
begin
  if exists (select from spillway.import_queue q where q.claimed and q.available_at > v_now) then
    return null;
  end if;
  select min(q.available_at) into v_due from spillway.import_queue q where q.admitted and q.available_at <= v_now;
  -- Who waited behind others waits for a drain only since the last of them was claimed.
  select max(w.served_at) into v_served from spillway.workspaces w where w.served_at > v_due;
  return extract(epoch from v_now - coalesce(v_served, v_due));
end
$$;
comment on function spillway.unattended_seconds() is
  'for how long imports have waited though no drain works on any; null where none waits, or one works. More than a period of the schedule means that no drain comes';
