create or replace function spillway.rotate_key(p_workspace integer, p_id uuid, p_hash bytea, p_expires_at text) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_overlap constant interval := interval '1 day';
begin
  return spillway.replace_key(p_workspace, p_id, p_hash, spillway.end_of_key(p_expires_at), c_overlap);
end
$$;
comment on function spillway.rotate_key(integer, uuid, bytea, text) is 'replace_key for a caller: the key before is valid for a day more, and the new one until then (end_of_key)';
