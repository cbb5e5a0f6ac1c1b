create or replace function spillway.note_key_use(p_workspace integer, p_key uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  -- Past whoever notes it at the moment, or ends the key: a request waits for neither.
  with used as materialized (
    select k.workspace_id, k.id from spillway.api_keys k where k.workspace_id = p_workspace and k.id = p_key for no key update skip locked
  )
  update spillway.api_keys k set last_used_at = now() from used u where k.workspace_id = u.workspace_id and k.id = u.id;
end
$$;
comment on function spillway.note_key_use(integer, uuid) is 'notes that a key is in use now; waits for nobody';
