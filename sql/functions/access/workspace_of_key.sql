create or replace function spillway.workspace_of_key(p_hash bytea) returns integer
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_workspace integer;
begin
  select workspace_id into v_workspace from spillway.api_keys
  where hash = p_hash and revoked_at is null and (expires_at is null or expires_at > now());
  if not found then
    raise exception using errcode = 'SW401', message = 'the API key is unknown, revoked or expired';
  end if;
  return v_workspace;
end
$$;
comment on function spillway.workspace_of_key(bytea) is 'the workspace that a key (its SHA-256) opens; SW401 where it opens none';
