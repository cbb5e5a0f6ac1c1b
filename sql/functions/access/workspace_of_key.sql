create or replace function spillway.workspace_of_key(p_hash bytea, p_scopes spillway.key_scope[]) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_workspace integer;
  v_id uuid;
  v_scopes spillway.key_scope[];
  v_last_used_at timestamptz;
  v_full_at timestamptz;
  v_open_at timestamptz;
begin
  if spillway.is_session(p_hash) then
    p_hash := spillway.key_of_session(p_hash, now());
  end if;
  select k.workspace_id, k.id, k.scopes, k.last_used_at, r.full_at, r.open_at
  into v_workspace, v_id, v_scopes, v_last_used_at, v_full_at, v_open_at
  from spillway.api_keys k left join spillway.key_rates r on r.workspace_id = k.workspace_id and r.key_id = k.id
  where k.hash = p_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and (select w.removed_at from spillway.workspaces w where w.id = k.workspace_id) is null;
  if not found then
    raise exception using errcode = 'SW401', message = 'the API key is unknown, revoked or expired, or the session has ended';
  end if;
  if not v_scopes && p_scopes then
    raise exception using errcode = 'SW403',
      message = format('this needs the scope %s, and the API key has %s', array_to_string(p_scopes, ' or '), array_to_string(v_scopes, ', '));
  end if;
  -- Before anything is done for it. What is done is charged at its end: see charge_request.
  if v_open_at > clock_timestamp() then
    perform spillway.refuse_request(v_workspace, v_full_at, 1);
  end if;
  perform set_config('spillway.key_id', v_id::text, true);
  -- Of whoever may change other keys at the end (charge_request): two who hold each a key of theirs would wait for each other's.
  if (v_last_used_at is null or v_last_used_at < now() - spillway.key_use_noted_for()) and p_scopes <> '{admin}' then
    perform spillway.note_key_use(v_workspace, v_id);
  end if;
  return v_workspace;
end
$$;
comment on function spillway.workspace_of_key(bytea, spillway.key_scope[]) is
  'the workspace that a key (its SHA-256) opens, or a session (see key_of_session) as the key that it was made with, to whoever needs one of these scopes; SW401 where it opens none, SW403 where it has none of the scopes, SW429 where its requests are used up. Events of the same statement name the key (note_event). Once an hour it is noted that the key is in use';
