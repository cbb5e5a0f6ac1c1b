create or replace function spillway.create_import(
  p_workspace integer, p_id uuid, p_file_name text, p_size bigint, p_sha256 bytea, p_idempotency_key text default null,
  p_scope text default null, p_close_missing boolean default false, p_priority smallint default 100, p_format text default null,
  p_entries jsonb default null, p_left_out text default null, p_request bytea default null, p_dataset text default null,
  p_mapping integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_upload spillway.uploads;
  v_import spillway.imports;
begin
  perform spillway.hold_workspace(p_workspace);
  delete from spillway.uploads u where u.workspace_id = p_workspace and u.id = p_id returning u.* into v_upload;
  perform spillway.check_upload_is_open(v_upload);
  insert into spillway.imports as i (
    workspace_id, id, kind, file_name, object_key, size_bytes, sha256, idempotency_key, request_sha256, scope, close_missing, format, entries)
  values (p_workspace, p_id, case when p_dataset is null then 'report' else 'table' end::spillway.import_kind, p_file_name, v_upload.object_key, p_size, p_sha256, p_idempotency_key, p_request, p_scope, p_close_missing,
    -- Reports of several formats have none in common.
    coalesce(p_format, (select min(e ->> 'format') from jsonb_array_elements(p_entries) e having count(distinct e ->> 'format') = 1)),
    (select jsonb_agg(e - 'offset' order by n) from jsonb_array_elements(p_entries) with ordinality as e (e, n) where n <= 100))
  on conflict (workspace_id, idempotency_key) do nothing
  returning i.* into v_import;
  if found then
    if p_size > v_upload.reserved_bytes then
      -- Also of a report that was only compared with that of an import, which has given its Idempotency-Key up since.
      raise exception using errcode = 'SW409', message = 'the upload has become larger than what was reserved for it; send the report again';
    end if;
    if p_entries is null then
      insert into spillway.import_segments (workspace_id, import_id, segment) values (p_workspace, p_id, 0);
    else
      insert into spillway.import_segments (
        workspace_id, import_id, segment, starts_at, ends_at, bytes_read, entry_name, entry_starts_at, entry_ends_at, format)
      select p_workspace, p_id, e.n - 1, e."offset", e."offset" + e.size, e."offset", e.name, e."offset", e."offset" + e.size, e.format
      from rows from (jsonb_to_recordset(p_entries) as (name text, "offset" bigint, size bigint, format text)) with ordinality
        as e (name, "offset", size, format, n);
    end if;
    insert into spillway.import_queue (workspace_id, import_id, segment, priority)
    select p_workspace, p_id, s.segment, p_priority from spillway.import_segments s where s.workspace_id = p_workspace and s.import_id = p_id;
    if p_dataset is not null then
      perform spillway.begin_run(p_workspace, p_id, p_dataset, p_mapping);
    end if;
    if p_left_out is not null then
      perform spillway.add_import_counts(p_workspace, p_id, spillway.note_problems(p_workspace, p_id,
        jsonb_build_array(jsonb_build_object('code', 'unknown_entry', 'message', p_left_out)), true));
      select i.* into strict v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_id;
    end if;
    perform spillway.note_event(p_workspace, 'import.created', p_id::text, null, jsonb_build_object('file_name', p_file_name, 'size_bytes', p_size,
      'sha256', encode(p_sha256, 'hex'), 'format', v_import.format, 'scope', p_scope, 'close_missing', p_close_missing, 'dataset', p_dataset));
    update spillway.workspaces w set stored_bytes = w.stored_bytes + p_size, active_imports = w.active_imports + 1 where w.id = p_workspace;
    perform spillway.admit_imports(p_workspace);
  else
    select i.* into strict v_import from spillway.imports i
    where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key;
    perform spillway.check_same_request(v_import, p_request, p_sha256);
  end if;
  return spillway.import_document(v_import);
end
$$;
comment on function spillway.create_import(integer, uuid, text, bigint, bytea, text, text, boolean, smallint, text, jsonb, text, bytea, text, integer) is
  'makes an import of an upload, and queues it; where the Idempotency-Key was used for the same report, gives that import instead (SW422: for another report or with other options, whose hash is p_request). p_format: what the uploader says it is; null: its content tells. p_entries: of a packed upload the reports in it [{name, offset, size, format}], each read by itself; p_left_out: what is to be noted of its other files; p_dataset: where its rows go, by this mapping (null: the newest), of an import of a table. SW404 where there is no such dataset, SW409 where the upload was given up, or is larger than what is reserved for it';
