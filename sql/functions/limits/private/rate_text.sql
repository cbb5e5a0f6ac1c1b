create or replace function spillway.rate_text(p_limits spillway.plans, p_full_at timestamptz) returns text
language plpgsql volatile set search_path = ''
as $$
declare
  v_each double precision := 60.0 / p_limits.requests_per_minute;
  v_used double precision := greatest(coalesce(extract(epoch from p_full_at - clock_timestamp()), 0), 0);
begin
  return format('%s %s %s %s', p_limits.request_burst, ceil(p_limits.request_burst * v_each),
    greatest(floor(p_limits.request_burst - v_used / v_each + 0.001), 0), ceil(v_used));
end
$$;
comment on function spillway.rate_text(spillway.plans, timestamptz) is
  'what is left of a key''s requests, as four numbers: of how many, in how many seconds, how many are left, and in how many seconds all are there again (quota, window, available quota and effective window of draft-ietf-httpapi-ratelimit-headers-10)';
