create or replace function spillway.open_uploads_of(p_workspace integer) returns spillway.open_uploads
language plpgsql stable set search_path = ''
as $$
declare
  v_uploads spillway.open_uploads;
begin
  select count(*), coalesce(sum(u.reserved_bytes), 0) into v_uploads
  from spillway.uploads u
  where u.workspace_id = p_workspace and u.abandoned_at is null and u.seen_at > now() - spillway.upload_lease();
  return v_uploads;
end
$$;
comment on function spillway.open_uploads_of(integer) is 'the uploads of a workspace that are under way: nothing can come of the others, so nothing is reserved for them';
