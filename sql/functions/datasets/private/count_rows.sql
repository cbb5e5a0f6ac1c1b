create or replace function spillway.count_rows(p_workspace integer, p_import uuid) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_run spillway.runs;
begin
  select r.* into v_run from spillway.runs r where r.workspace_id = p_workspace and r.import_id = p_import;
  if not found then
    return;
  end if;
  update spillway.datasets d
  set rows = d.rows + v_run.rows_stored - v_run.rows_counted, version = d.version + 1, updated_at = now()
  where d.workspace_id = p_workspace and d.id = v_run.dataset_id and d.generation = v_run.generation;
  if found then
    -- Only then, with the dataset locked: nobody writes an older tail over this one.
    perform spillway.write_tail(p_workspace, v_run.dataset_id);
  end if;
  update spillway.runs r set rows_counted = r.rows_stored where r.workspace_id = p_workspace and r.import_id = p_import;
end
$$;
comment on function spillway.count_rows(integer, uuid) is
  'counts for its dataset what an import has brought of rows since that was last counted, and writes the dataset''s tail; for whoever has the import''s row locked. Nothing of what an import stored that was to replace others and failed';
