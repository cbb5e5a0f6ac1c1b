create or replace function spillway.list_workspaces(p_name text default null) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (select coalesce(jsonb_agg(spillway.workspace_document(w.id) order by w.name), '[]') from spillway.workspaces w where p_name is null or w.name = p_name);
end
$$;
comment on function spillway.list_workspaces(text) is 'the workspaces with their limits and what they use of them: the one of this name, or all (null)';
