create or replace function spillway.refuse(p_status integer, p_code text, p_title text, p_message text, p_more jsonb default '{}') returns void
language plpgsql immutable set search_path = ''
as $$
begin
  raise exception using errcode = 'SW' || p_status, message = p_message,
    detail = jsonb_build_object('code', p_code, 'title', p_title) || p_more;
end
$$;
comment on function spillway.refuse(integer, text, text, text, jsonb) is
  'refuses with a status of HTTP and a problem (RFC 9457): code is the last part of its type, p_more may hold members {…} of its document, retry_after in seconds, and rate: see rate_text';
