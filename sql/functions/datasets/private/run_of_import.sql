create or replace function spillway.run_of_import(p_workspace integer, p_import uuid) returns spillway.runs
language plpgsql volatile set search_path = ''
as $$
declare
  v_run spillway.runs;
begin
  -- Who removes a dataset looks for imports of it that are active.
  select r.* into v_run from spillway.runs r join spillway.datasets d on d.workspace_id = r.workspace_id and d.id = r.dataset_id
  where r.workspace_id = p_workspace and r.import_id = p_import for key share of d;
  if not found then
    raise exception using errcode = 'SW409', message = 'the dataset of the import has been removed; make it again, and send the file once more';
  end if;
  return v_run;
end
$$;
comment on function spillway.run_of_import(integer, uuid) is
  'what an import of a table brings to its dataset, which cannot be removed until the end of the statement; SW409 where it has been';
