create or replace function spillway.utc_text(p_at timestamptz) returns text
language plpgsql stable parallel safe strict set search_path = ''
as $$
begin
  return to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end
$$;
comment on function spillway.utc_text(timestamptz) is 'a time as RFC 3339 text in UTC, to the millisecond';
