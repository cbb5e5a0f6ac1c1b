create or replace function spillway.rate_start(p_full_at timestamptz, p_each interval, p_burst interval) returns timestamptz
language sql volatile set search_path = ''
as $$
  -- What lies further ahead than a whole burst and what is read on credit was written before the clock was put back.
  select case when p_full_at between clock_timestamp() and clock_timestamp() + p_burst + p_each * 16 + interval '1 second' then p_full_at else clock_timestamp() end
$$;
comment on function spillway.rate_start(timestamptz, interval, interval) is 'from when on the next request of a key is counted: full_at, or now where that is over';
