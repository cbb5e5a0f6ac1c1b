create or replace function spillway.close_upload(p_workspace integer, p_id uuid) returns void
language sql volatile set search_path = ''
as $$
  delete from spillway.uploads where workspace_id = p_workspace and id = p_id
$$;
comment on function spillway.close_upload(integer, uuid) is 'forgets an upload that broke off and left nothing in the store';
