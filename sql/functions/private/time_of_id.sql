create or replace function spillway.time_of_id(p_id uuid) returns timestamptz
language sql immutable parallel safe set search_path = ''
as $$
  -- Twelve hexadecimal digits of milliseconds since 1970 (RFC 9562, section 5.7).
  select to_timestamp(('x0000' || left(replace(p_id::text, '-', ''), 12))::bit(64)::bigint / 1000.0)
$$;
comment on function spillway.time_of_id(uuid) is 'when a UUID of version 7 was made';
