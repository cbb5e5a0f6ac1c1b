create or replace function spillway.revoke_key(p_workspace integer, p_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  return spillway.end_key(p_workspace, p_id);
end
$$;
comment on function spillway.revoke_key(integer, uuid) is 'end_key for a caller: a key of their own workspace';
