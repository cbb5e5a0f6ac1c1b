create or replace function spillway.fail_finished(p_import spillway.imports, p_error jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
begin
  update spillway.imports i
  set state = 'failed', error = p_error, finished_at = clock_timestamp(), updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_import.workspace_id and i.id = p_import.id;
  perform spillway.notify(p_import.workspace_id, p_import.id, 'failed', 'Import failed', format('%s: %s', p_import.file_name, p_error ->> 'message'));
  perform spillway.leave_queue(p_import.workspace_id, p_import.id);
  return jsonb_build_object('state', 'failed');
end
$$;
comment on function spillway.fail_finished(spillway.imports, jsonb) is
  'ends an import that is read to its end but does not pass its checks; its last segment stays, so that a retry comes to its end again';
