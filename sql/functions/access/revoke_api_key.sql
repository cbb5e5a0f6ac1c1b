create or replace function spillway.revoke_api_key(p_id uuid, p_hash bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key spillway.api_keys;
begin
  update spillway.api_keys k set revoked_at = now()
  where (k.id = p_id or k.hash = p_hash) and k.revoked_at is null
  returning k.* into v_key;
  if not found then
    raise exception using errcode = 'SW404', message = 'the database has no such key, or it is revoked already';
  end if;
  perform spillway.note_event(v_key.workspace_id, 'key.revoked', v_key.id::text, null, spillway.api_key_document(v_key));
  return spillway.api_key_document(v_key);
end
$$;
comment on function spillway.revoke_api_key(uuid, bytea) is
  'ends a key at once: the one of this id or with this SHA-256, the other being null; SW404 where there is none that could be revoked';
