create or replace function spillway.open_upload(p_workspace integer, p_idempotency_key text, p_size bigint) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_max bigint := (select max_import_bytes from spillway.workspaces where id = p_workspace);
begin
  if p_size > v_max then
    raise exception using errcode = 'SW413', message = format('the report has %s bytes, this workspace takes at most %s', p_size, v_max);
  end if;
  return jsonb_build_object(
    'workspace_id', p_workspace, 'max_bytes', v_max,
    'existing', (select spillway.import_document(i) from spillway.imports i
      where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key));
end
$$;
comment on function spillway.open_upload(integer, text, bigint) is
  'what an upload may be before its body is read (SW413 where it says that it is too large), and the import that the same Idempotency-Key made';
