create or replace function spillway.refuse_taken_email(p_email text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  raise exception using errcode = 'SW409', message = format('another member has the address %s', p_email);
end
$$;
comment on function spillway.refuse_taken_email(text) is 'SW409: an address is another member''s';
