create or replace function spillway.note_upload_parts(p_workspace integer, p_id uuid, p_parts_id text) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update spillway.uploads set parts_id = p_parts_id where workspace_id = p_workspace and id = p_id;
end
$$;
comment on function spillway.note_upload_parts(integer, uuid, text) is 'notes that an upload goes into the store in parts, so that they can be found if it breaks off';
