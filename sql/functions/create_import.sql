create or replace function spillway.create_import(
  p_workspace integer, p_id uuid, p_file_name text, p_size bigint, p_sha256 bytea, p_idempotency_key text default null,
  p_scope text default null, p_close_missing boolean default false, p_priority smallint default 100, p_format text default null
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_upload spillway.uploads;
  v_import spillway.imports;
begin
  delete from spillway.uploads u where u.workspace_id = p_workspace and u.id = p_id returning u.* into v_upload;
  if not found or v_upload.abandoned_at is not null then
    raise exception using errcode = 'SW409', message = 'the upload took too long and was given up; send the report again';
  end if;
  insert into spillway.imports as i (
    workspace_id, id, file_name, object_key, size_bytes, sha256, idempotency_key, scope, close_missing, format)
  values (p_workspace, p_id, p_file_name, v_upload.object_key, p_size, p_sha256, p_idempotency_key, p_scope, p_close_missing, p_format)
  on conflict (workspace_id, idempotency_key) do nothing
  returning i.* into v_import;
  if found then
    insert into spillway.import_segments (workspace_id, import_id, segment) values (p_workspace, p_id, 0);
    insert into spillway.import_queue (workspace_id, import_id, segment, priority) values (p_workspace, p_id, 0, p_priority);
    perform spillway.admit_imports(p_workspace);
  else
    select i.* into strict v_import from spillway.imports i
    where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key;
    if v_import.sha256 <> p_sha256 then
      raise exception using errcode = 'SW422', message = 'the Idempotency-Key was used for another report';
    end if;
  end if;
  return spillway.import_document(v_import);
end
$$;
comment on function spillway.create_import(integer, uuid, text, bigint, bytea, text, text, boolean, smallint, text) is
  'makes an import of an upload, and queues it; where the Idempotency-Key was used for the same report, gives that import instead (SW422: for another). p_format: what the uploader says it is; null: its content tells. SW409 where the upload was given up';
