create or replace function spillway.future_time(p_name text, p_text text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  c_longest constant interval := interval '10 years';
  v_time timestamptz;
begin
  begin
    -- RFC 3339, section 5.6. PostgreSQL alone would take "tomorrow", too.
    if p_text ~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$' then
      v_time := p_text::timestamptz;
    end if;
  exception when data_exception then
    v_time := null;
  end;
  if v_time > now() and v_time < now() + c_longest then
    return v_time;
  end if;
  raise exception using errcode = 'SW422', message = p_name || ' is a time in the next ten years, as 2027-01-31T00:00:00Z';
end
$$;
comment on function spillway.future_time(text, text) is 'a time that a caller names; SW422, with the name of the member, where it is none in the next ten years';
