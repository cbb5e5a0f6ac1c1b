create or replace function spillway.create_session(p_workspace integer, p_hash bytea, p_valid_for interval) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key uuid := spillway.acting_key();
begin
  -- One at a time, so that the limit is exact; and no more where the removal of the workspace has begun.
  perform from spillway.api_keys k where k.workspace_id = p_workspace and k.id = v_key and k.revoked_at is null for no key update;
  if not found then
    raise exception using errcode = 'SW401', message = 'the API key is revoked';
  end if;
  update spillway.sessions s set expires_at = now()
  from (
    select o.hash from spillway.sessions o
    where o.workspace_id = p_workspace and o.key_id = v_key and o.expires_at > now()
    order by o.created_at desc offset spillway.max_sessions() - 1
  ) as old
  where s.workspace_id = p_workspace and s.key_id = v_key and s.hash = old.hash;
  insert into spillway.sessions (workspace_id, key_id, hash, expires_at) values (p_workspace, v_key, p_hash, now() + p_valid_for);
  perform spillway.note_event(p_workspace, 'session.created', v_key::text, null, null);
  return spillway.session_document(p_workspace, v_key, p_hash);
end
$$;
comment on function spillway.create_session(integer, bytea, interval) is
  'stores the SHA-256 of a new session''s token, made with the key of the statement; where the key has as many as it may, the oldest ends. Who it is: session_document';
