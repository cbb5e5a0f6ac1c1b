create or replace function spillway.close_upload(p_workspace integer, p_id uuid) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from spillway.uploads where workspace_id = p_workspace and id = p_id;
end
$$;
comment on function spillway.close_upload(integer, uuid) is 'forgets an upload that broke off and left nothing in the store';
