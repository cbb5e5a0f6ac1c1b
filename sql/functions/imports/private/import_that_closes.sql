create or replace function spillway.import_that_closes(p_import spillway.imports) returns uuid
language sql stable set search_path = ''
as $$
  select c.id from spillway.imports c
  where c.workspace_id = p_import.workspace_id and c.close_missing and c.scope in (
    select i.scope from spillway.importers_of_same(p_import) x join spillway.imports i on i.workspace_id = p_import.workspace_id and i.id = x)
  order by c.id limit 1
$$;
comment on function spillway.import_that_closes(spillway.imports) is 'an import that closes what is missing, of the scope of an import or of one that shares findings with it';
