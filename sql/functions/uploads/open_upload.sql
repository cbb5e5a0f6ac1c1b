create or replace function spillway.open_upload(
  p_workspace integer, p_id uuid, p_idempotency_key text default null, p_size bigint default null, p_request bytea default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  -- What an upload of unknown length begins with; it asks for more as it grows.
  c_unknown constant bigint := 8388608;
  v_limits spillway.plans := spillway.limits_of(p_workspace);
  v_existing spillway.imports;
  v_key text := format('imports/%s/%s', p_workspace, p_id);
  v_reserved bigint := 0;
begin
  perform spillway.hold_workspace(p_workspace);
  if p_size > v_limits.max_import_bytes then
    raise exception using errcode = 'SW413',
      message = format('the report has %s bytes, this workspace takes at most %s', p_size, v_limits.max_import_bytes);
  end if;
  update spillway.imports i set idempotency_key = null
  where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key and i.created_at < now() - spillway.idempotency_window();
  select i.* into v_existing from spillway.imports i where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key;
  perform spillway.check_same_request(v_existing, p_request);
  perform spillway.check_upload_quotas(p_workspace, v_limits, v_existing.id is not null);
  -- What repeats an import is only compared with it.
  if v_existing.id is null then
    v_reserved := spillway.reserve_bytes(p_workspace, coalesce(p_size, 1), 0, coalesce(p_size, least(c_unknown, v_limits.max_import_bytes)));
  end if;
  insert into spillway.uploads (workspace_id, id, object_key, reserved_bytes) values (p_workspace, p_id, v_key, v_reserved);
  return jsonb_build_object('workspace_id', p_workspace, 'object_key', v_key, 'max_bytes', v_limits.max_import_bytes, 'reserved_bytes', v_reserved,
    'repeats', v_existing.id is not null);
end
$$;
comment on function spillway.open_upload(integer, uuid, text, bigint, bytea) is
  'notes an upload before its body is read, reserves room for it, and says what it may be, where it goes (SW413 where it says that it is too large, SW403 and SW429 where a quota is used up), and whether the same Idempotency-Key made an import already: then it need not be stored, but only compared. SW422 where the key was used with other options (p_request: their hash)';
