create or replace function spillway.future_time(p_name text, p_text text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  c_longest constant interval := interval '10 years';
  v_time constant timestamptz := spillway.time_of_text(p_text);
begin
  if v_time > now() and v_time < now() + c_longest then
    return v_time;
  end if;
  raise exception using errcode = 'SW422', message = p_name || ' is a time in the next ten years, as 2027-01-31T00:00:00Z';
end
$$;
comment on function spillway.future_time(text, text) is 'a time that a caller names; SW422, with the name of the member, where it is none in the next ten years';
