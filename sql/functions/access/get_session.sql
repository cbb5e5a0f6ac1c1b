create or replace function spillway.get_session(p_workspace integer, p_caller bytea) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return spillway.session_document(p_workspace, spillway.acting_key(), substring(p_caller from 2));
end
$$;
comment on function spillway.get_session(integer, bytea) is 'who calls: see session_document';
