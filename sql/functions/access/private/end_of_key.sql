create or replace function spillway.end_of_key(p_expires_at text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  c_usual constant interval := interval '90 days';
begin
  return case when p_expires_at is null then now() + c_usual else spillway.future_time('expires_at', p_expires_at) end;
end
$$;
comment on function spillway.end_of_key(text) is 'until when a key is valid that callers make: as they say, or 90 days; SW422 where that is no time in the next ten years';
