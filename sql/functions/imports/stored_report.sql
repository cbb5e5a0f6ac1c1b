create or replace function spillway.stored_report(p_workspace integer, p_import uuid) returns jsonb
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  elsif v_import.report_removed_at is not null then
    raise exception using errcode = 'SW404', message = 'what was uploaded is no longer kept';
  end if;
  return jsonb_build_object('object_key', v_import.object_key, 'size_bytes', v_import.size_bytes, 'sha256', encode(v_import.sha256, 'hex'),
    'file_name', v_import.file_name);
end
$$;
comment on function spillway.stored_report(integer, uuid) is
  'where what was uploaded for an import is kept: {object_key, size_bytes, sha256, file_name}; SW404 where the workspace has no such import, or it is no longer kept';
