create or replace function spillway.end_key(p_workspace integer, p_id uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  update spillway.api_keys k set revoked_at = now()
  where k.workspace_id = p_workspace and k.id = p_id and k.revoked_at is null
  returning k.* into v_key;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such key, or it is revoked already';
  end if;
  perform spillway.note_event(v_key.workspace_id, 'key.revoked', v_key.id::text, null, spillway.api_key_document(v_key));
  return spillway.api_key_document(v_key);
end
$$;
comment on function spillway.end_key(integer, uuid) is 'ends a key at once; SW404 where there is none that could be revoked';
