create or replace function spillway.is_before_removal(p_workspace integer, p_import uuid) returns boolean
language plpgsql stable set search_path = ''
as $$
begin
  return exists (select from spillway.removed_imports r where r.ended_at is null and r.workspace_id = p_workspace and r.id > p_import);
end
$$;
comment on function spillway.is_before_removal(integer, uuid) is 'whether an import that came after this one is being removed: until that is done, nothing of this one is stored';
