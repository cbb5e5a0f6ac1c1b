create or replace function spillway.create_import(
  p_workspace integer, p_id uuid, p_file_name text, p_object_key text, p_size bigint, p_sha256 bytea, p_idempotency_key text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  insert into spillway.imports as i (workspace_id, id, file_name, object_key, size_bytes, sha256, idempotency_key)
  values (p_workspace, p_id, p_file_name, p_object_key, p_size, p_sha256, p_idempotency_key)
  on conflict (workspace_id, idempotency_key) do nothing
  returning i.* into v_import;
  if found then
    insert into spillway.import_queue (workspace_id, import_id) values (p_workspace, p_id);
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
comment on function spillway.create_import(integer, uuid, text, text, bigint, bytea, text) is
  'writes an uploaded report down as import and queue row; where the Idempotency-Key was used for the same report, gives that import instead (SW422: for another)';
