create or replace function spillway.remove_rows_or_reports(p_workspace integer, p_limit integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_table text;
  v_removed jsonb := jsonb_build_object('import_queue', spillway.cancel_imports(p_workspace, p_limit));
begin
  if v_removed ->> 'import_queue' <> '0' then
    return v_removed;
  end if;
  -- Nobody works on an import any more. Whoever tries errors again may still store something: after that there is nothing to try again.
  perform spillway.lock_storing(p_workspace, true);
  for v_table in select t from spillway.tables_of_workspaces() t loop
    v_removed := case v_table when 'imports' then spillway.remove_imports(p_workspace, p_limit)
      else jsonb_build_object(v_table, spillway.remove_rows(v_table, p_workspace, p_limit)) end;
    if v_removed ->> v_table <> '0' then
      return v_removed;
    end if;
  end loop;
  return '{}';
end
$$;
comment on function spillway.remove_rows_or_reports(integer, integer) is
  'removes at most p_limit rows of a workspace from the first table that has some: {table: rows}, and with imports objects and bytes; {} where no table has any. Imports that are queued or running are cancelled before';
