create or replace function spillway.make_key(p_key spillway.api_keys) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_document jsonb := spillway.api_key_document(spillway.add_key(p_key));
begin
  perform spillway.note_event(p_key.workspace_id, 'key.created', v_document ->> 'id', null, v_document);
  return v_document;
end
$$;
comment on function spillway.make_key(spillway.api_keys) is 'add_key, with its event; gives the key''s document';
