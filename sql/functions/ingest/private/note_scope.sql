create or replace function spillway.note_scope(p_workspace integer, p_import uuid, p_findings jsonb) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_scope text := (select i.scope from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import);
begin
  if v_scope is null then
    return;
  end if;
  insert into spillway.finding_scopes as s (workspace_id, scope, finding_id, last_import_id)
  select p_workspace, v_scope, (f ->> 'identity')::uuid, p_import from jsonb_array_elements(p_findings) f order by 3
  on conflict (workspace_id, scope, finding_id) do update set last_import_id = p_import
  where s.last_import_id < p_import;
end
$$;
comment on function spillway.note_scope(integer, uuid, jsonb) is 'notes that the scope of an import, if it has one, shows these findings';
