create or replace function spillway.retry_errors(p_workspace integer, p_import uuid, p_errors bigint[] default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_limit constant integer := 1000;
  v_import spillway.imports;
  v_error record;
  v_counts jsonb := '{}';
  v_stored integer := 0;
  v_refused integer := 0;
  v_code text;
  v_message text;
begin
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import and not i.active;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'its errors can be tried again when it has ended');
  end if;
  if v_import.kind <> 'report' then
    return jsonb_build_object('table', spillway.rows_to_retry(v_import, p_errors));
  end if;
  -- Findings are locked here item by item, and then those that are closed: in no order that others could keep to.
  perform spillway.lock_storing(p_workspace, true);
  perform spillway.lock_closing(p_workspace);
  perform spillway.check_no_removal(p_workspace, p_import);
  for v_error in
    select e.id, e.code, e.item from spillway.import_errors e
    where e.workspace_id = p_workspace and e.import_id = p_import and e.item is not null and (p_errors is null or e.id = any (p_errors))
    -- Those that were tried least often first: who calls again and again comes past all.
    order by e.tries, e.id limit c_limit
    for update
  loop
    begin
      v_counts := spillway.add_counts(v_counts, spillway.ingest_records(p_workspace, p_import, v_error.item -> 'assets',
        spillway.findings_of(v_error.item -> 'findings'), spillway.occurrences_of(v_error.item -> 'occurrences')));
      v_counts := spillway.add_counts(v_counts, jsonb_build_object('errors', jsonb_build_object(v_error.code, -1)));
      delete from spillway.import_errors e where e.workspace_id = p_workspace and e.import_id = p_import and e.id = v_error.id;
      v_stored := v_stored + 1;
    exception when others then
      get stacked diagnostics v_code = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_code) then
        raise;
      end if;
      update spillway.import_errors e
      set tries = least(e.tries + 1, 32767), message = left(v_message, 1000)
      where e.workspace_id = p_workspace and e.import_id = p_import and e.id = v_error.id;
      v_refused := v_refused + 1;
    end;
  end loop;
  perform spillway.add_import_counts(p_workspace, p_import, v_counts);
  -- The last error may have been what kept it from closing anything.
  perform spillway.close_missing_findings(p_workspace, v_import.scope);
  if v_import.state = 'completed' then
    perform spillway.note_gate(p_workspace, p_import);
  end if;
  perform spillway.note_event(p_workspace, 'import.errors_retried', p_import::text, null,
    jsonb_build_object('stored', v_stored, 'refused', v_refused));
  perform spillway.count_findings(p_workspace, p_import);
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  return jsonb_build_object('stored', v_stored, 'refused', v_refused, 'errors', v_import.errors, 'links', spillway.import_document(v_import) -> 'links');
end
$$;
comment on function spillway.retry_errors(integer, uuid, bigint[]) is
  'tries again to store the items that the database refused, those given or all (null), 1,000 at a time: {stored, refused, errors: how many are left}. What the report itself says wrongly has no item and stays. Of an import of a table nothing is tried: {table: rows_to_retry}, which are to be mapped first, and then given to retry_rows. SW409 while the import is active, SW404 where there is none';
