create or replace function spillway.refuse_limits() returns void
language plpgsql immutable set search_path = ''
as $$
begin
  raise exception using errcode = 'SW422', message = 'a limit is a whole number: at least 0 of what may be stored, opened, queued or found, at least 1 of '
    'requests a minute, running imports and bytes of an import, and at least 16 requests at once';
end
$$;
comment on function spillway.refuse_limits() is 'SW422: a limit is no number that it can be';
