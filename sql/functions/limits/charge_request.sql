create or replace function spillway.charge_request(p_hash bytea, p_cost integer default 1, p_on_credit boolean default false) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_workspace integer;
  v_key uuid;
  v_limits spillway.plans;
  v_each interval;
  v_burst interval;
  v_full_at timestamptz;
  v_last_used_at timestamptz;
begin
  if spillway.is_session(p_hash) then
    -- One that the same statement ended, too.
    p_hash := spillway.key_of_session(p_hash, '-infinity');
  end if;
  select k.workspace_id, k.id, k.last_used_at into v_workspace, v_key, v_last_used_at from spillway.api_keys k where k.hash = p_hash;
  if v_last_used_at is null or v_last_used_at < now() - spillway.key_use_noted_for() then
    perform spillway.note_key_use(v_workspace, v_key);
  end if;
  v_limits := spillway.limits_of(v_workspace);
  v_each := interval '1 minute' / v_limits.requests_per_minute;
  v_burst := v_each * v_limits.request_burst;
  -- The row's lock makes it exact, however many come at once. It is taken last in a statement, so that nobody waits for another's work.
  insert into spillway.key_rates as r (workspace_id, key_id, full_at, open_at)
  values (v_workspace, v_key, clock_timestamp() + v_each * p_cost, clock_timestamp() + v_each * (p_cost + 1) - v_burst)
  on conflict (workspace_id, key_id) do update
  set full_at = spillway.rate_start(r.full_at, v_each, v_burst) + v_each * p_cost, open_at = spillway.rate_start(r.full_at, v_each, v_burst) + v_each * (p_cost + 1) - v_burst
  where spillway.rate_start(r.full_at, v_each, v_burst) + v_each * case when p_on_credit then 1 else p_cost end <= clock_timestamp() + v_burst
  returning r.full_at into v_full_at;
  if not found then
    select r.full_at into v_full_at from spillway.key_rates r where r.workspace_id = v_workspace and r.key_id = v_key;
    perform spillway.refuse_request(v_workspace, v_full_at, p_cost);
  end if;
  return spillway.rate_text(v_limits, v_full_at);
end
$$;
comment on function spillway.charge_request(bytea, integer, boolean) is
  'counts a request of a key (its SHA-256; or a session: see key_of_session), or so many, on credit where there is but one left: what is left, see rate_text; SW429 where that is over its rate. To be called last in the statement that does what was asked for: then that is undone, too';
