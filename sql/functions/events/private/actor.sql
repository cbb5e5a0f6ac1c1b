create or replace function spillway.actor(p_workspace integer) returns text
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce((select k.name from spillway.api_keys k where k.workspace_id = p_workspace and k.id = spillway.acting_key()), session_user);
end
$$;
comment on function spillway.actor(integer) is 'who acts: the name of the API key, or of the role of the database where there is none';
