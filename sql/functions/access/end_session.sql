create or replace function spillway.end_session(p_workspace integer, p_caller bytea) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_key uuid := spillway.acting_key();
begin
  -- The row is left to the clean-up: the request is yet to be charged.
  update spillway.sessions s set expires_at = now()
  where s.workspace_id = p_workspace and s.key_id = v_key and s.hash = substring(p_caller from 2) and s.expires_at > now();
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no session to be ended: the request came with a key';
  end if;
  perform spillway.note_event(p_workspace, 'session.ended', v_key::text, null, null);
  return spillway.session_document(p_workspace, v_key, substring(p_caller from 2));
end
$$;
comment on function spillway.end_session(integer, bytea) is 'ends the session by which the request came; SW404 where it came with a key';
