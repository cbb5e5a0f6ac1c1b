create or replace function spillway.finish_run(p_import spillway.imports) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_run spillway.runs;
  v_dataset spillway.datasets;
  v_error text;
begin
  select r.* into strict v_run from spillway.runs r where r.workspace_id = p_import.workspace_id and r.import_id = p_import.id;
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = v_run.workspace_id and d.id = v_run.dataset_id for no key update;
  v_error := spillway.failed_check(v_run, v_dataset);
  if v_error is not null then
    return jsonb_build_object('code', 'check', 'message', v_error);
  end if;
  perform spillway.add_unknown_columns(v_run, v_dataset);
  if v_dataset.write_mode = 'replace' then
    if v_run.generation < v_dataset.generation then
      return jsonb_build_object('code', 'replaced', 'message', 'an import that was made after this one has replaced the rows of the dataset already');
    end if;
    perform spillway.make_indexes(v_dataset, v_run.generation);
    -- From here on everybody reads the new rows. The old table goes when nobody reads it any more: remove_old_generations.
    update spillway.datasets d set generation = v_run.generation, rows = v_run.rows_counted
    where d.workspace_id = v_run.workspace_id and d.id = v_run.dataset_id;
  end if;
  return null;
end
$$;
comment on function spillway.finish_run(spillway.imports) is
  'the end of an import of a table: the checks of its mapping, and of what replaces others the change from the old rows to the new. What is wrong {code, message}, or null';
