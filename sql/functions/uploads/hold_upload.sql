create or replace function spillway.hold_upload(p_workspace integer, p_id uuid, p_bytes bigint) returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_upload spillway.uploads;
begin
  select u.* into v_upload from spillway.uploads u where u.workspace_id = p_workspace and u.id = p_id for no key update;
  perform spillway.check_upload_is_open(v_upload);
  if p_bytes > v_upload.reserved_bytes then
    -- Twice as much, so that a large upload of unknown length asks but a few times.
    v_upload.reserved_bytes := spillway.reserve_bytes(p_workspace, p_bytes, v_upload.reserved_bytes,
      least(2 * p_bytes, (spillway.limits_of(p_workspace)).max_import_bytes));
  end if;
  update spillway.uploads u set seen_at = now(), reserved_bytes = v_upload.reserved_bytes where u.workspace_id = p_workspace and u.id = p_id;
  return v_upload.reserved_bytes;
end
$$;
comment on function spillway.hold_upload(integer, uuid, bigint) is
  'a sign of life of an upload that has come to p_bytes: gives how many are reserved for it, which is at least that. SW403 where the workspace has no room for them, SW409 where it was given up';
