create or replace function spillway.key_of_session(p_caller bytea, p_at timestamptz) returns bytea
language plpgsql stable set search_path = ''
as $$
begin
  return (
    select k.hash from spillway.sessions s join spillway.api_keys k on k.workspace_id = s.workspace_id and k.id = s.key_id
    where s.hash = substring(p_caller from 2) and s.expires_at > p_at
  );
end
$$;
comment on function spillway.key_of_session(bytea, timestamptz) is
  'the SHA-256 of the key that a session was made with; null where there is none that was valid at that time. Whether the key is, is not asked';
