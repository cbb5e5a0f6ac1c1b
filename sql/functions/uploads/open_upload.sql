create or replace function spillway.open_upload(
  p_workspace integer, p_id uuid, p_idempotency_key text default null, p_size bigint default null, p_request bytea default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_max bigint := (select max_import_bytes from spillway.workspaces where id = p_workspace);
  v_existing spillway.imports;
  v_key text := format('imports/%s/%s', p_workspace, p_id);
begin
  perform spillway.hold_workspace(p_workspace);
  if p_size > v_max then
    raise exception using errcode = 'SW413', message = format('the report has %s bytes, this workspace takes at most %s', p_size, v_max);
  end if;
  update spillway.imports i set idempotency_key = null
  where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key and i.created_at < now() - spillway.idempotency_window();
  select i.* into v_existing from spillway.imports i where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key;
  perform spillway.check_same_request(v_existing, p_request);
  insert into spillway.uploads (workspace_id, id, object_key) values (p_workspace, p_id, v_key);
  return jsonb_build_object('workspace_id', p_workspace, 'object_key', v_key, 'max_bytes', v_max, 'repeats', v_existing.id is not null);
end
$$;
comment on function spillway.open_upload(integer, uuid, text, bigint, bytea) is
  'notes an upload before its body is read, and says what it may be, where it goes (SW413 where it says that it is too large), and whether the same Idempotency-Key made an import already: then it need not be stored, but only compared. SW422 where the key was used with other options (p_request: their hash)';
