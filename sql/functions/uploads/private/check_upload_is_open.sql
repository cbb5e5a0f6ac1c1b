create or replace function spillway.check_upload_is_open(p_upload spillway.uploads) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if p_upload.id is null or p_upload.abandoned_at is not null or p_upload.seen_at <= now() - spillway.upload_lease() then
    raise exception using errcode = 'SW409', message = 'the upload took too long and was given up; send the report again';
  end if;
end
$$;
comment on function spillway.check_upload_is_open(spillway.uploads) is 'SW409 where no import may come of an upload any more';
