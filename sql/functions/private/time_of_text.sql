create or replace function spillway.time_of_text(p_text text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
  -- RFC 3339, section 5.6. PostgreSQL alone would take "tomorrow", too.
  if p_text ~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$' then
    return p_text::timestamptz;
  end if;
  return null;
exception when data_exception then
  return null;
end
$$;
comment on function spillway.time_of_text(text) is 'a time as RFC 3339 writes it; null where it is none';
