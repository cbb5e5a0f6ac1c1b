create or replace function spillway.list_api_keys(p_workspace text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  if p_workspace is not null and not exists (select from spillway.workspaces w where w.name = p_workspace) then
    raise exception using errcode = 'SW404', message = format('there is no workspace of the name %s', p_workspace);
  end if;
  return (
    select coalesce(jsonb_agg(spillway.api_key_document(k) order by w.name, k.created_at, k.id), '[]')
    from spillway.api_keys k join spillway.workspaces w on w.id = k.workspace_id
    where p_workspace is null or w.name = p_workspace
  );
end
$$;
comment on function spillway.list_api_keys(text) is
  'the keys of a workspace, or of all (null), also those that are no longer valid; SW404 where there is no workspace of that name';
