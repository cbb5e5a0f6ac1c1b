create or replace function spillway.refuse_request(p_workspace integer, p_full_at timestamptz, p_cost integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_limits spillway.plans := spillway.limits_of(p_workspace);
  v_each interval := interval '1 minute' / v_limits.requests_per_minute;
  v_wait integer := greatest(ceil(extract(epoch from p_full_at + v_each * (p_cost - v_limits.request_burst) - clock_timestamp())), 1);
begin
  if spillway.rate_start(p_full_at, v_each, v_each * v_limits.request_burst) <> p_full_at then
    return;
  end if;
  perform spillway.refuse(429, 'quota-exceeded', 'Request cannot be satisfied as assigned quota has been exceeded',
    format('each key has %s requests a minute, and %s at once; try again in %s s', v_limits.requests_per_minute, v_limits.request_burst, v_wait),
    jsonb_build_object('retry_after', v_wait, 'rate', spillway.rate_text(v_limits, p_full_at),
      'members', jsonb_build_object('violated-policies', jsonb_build_array('requests'))));
end
$$;
comment on function spillway.refuse_request(integer, timestamptz, integer) is
  'SW429 for a key whose requests are used up, with when to come again, unless what it has used is of before the clock was put back; the problem''s type is that of draft-ietf-httpapi-ratelimit-headers-10, section 5.1';
