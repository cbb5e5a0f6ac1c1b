create or replace function spillway.note_taken_back(p_workspace integer, p_changes jsonb) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_id uuid;
  v_counts jsonb;
  v_change record;
  v_closed boolean;
begin
  for v_id in select distinct (c ->> 'import_id')::uuid from jsonb_array_elements(p_changes) c order by 1 loop
    -- An import that is being removed as well has none.
    select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = v_id for no key update nowait;
    continue when not found;
    v_counts := '{}';
    v_closed := false;
    for v_change in
      select c.* from jsonb_to_recordset(p_changes) as c (import_id uuid, kind text, was text, "is" text, severity text, decided_at timestamptz, number integer)
      where c.import_id = v_id
    loop
      if v_change.kind = 'closed' then
        v_import.findings_closed := v_import.findings_closed + v_change.number;
        v_closed := true;
        continue;
      end if;
      v_counts := spillway.add_counts(v_counts, jsonb_build_object(v_change.kind, jsonb_build_object(v_change.was, -1, v_change.is, 1)));
      -- Only what was open when the import ended is in its gate.
      if v_change.severity is not null and v_import.gate is not null
        and coalesce(v_change.decided_at > v_import.finished_at, true)
      then
        v_import.gate := spillway.add_counts(v_import.gate, jsonb_build_object(spillway.gate_kind(v_change.was), jsonb_build_object(v_change.severity, -1)));
        v_import.gate := spillway.add_counts(v_import.gate, jsonb_build_object(spillway.gate_kind(v_change.is), jsonb_build_object(v_change.severity, 1)));
      end if;
    end loop;
    perform spillway.add_import_counts(p_workspace, v_id, v_counts);
    update spillway.imports i set gate = v_import.gate, findings_closed = v_import.findings_closed where i.workspace_id = p_workspace and i.id = v_id;
    if v_closed then
      perform spillway.notify_closed(v_import);
    end if;
    -- What is new of one that is active is counted at its end.
    if not v_import.active then
      perform spillway.count_findings(p_workspace, v_id);
    end if;
  end loop;
end
$$;
comment on function spillway.note_taken_back(integer, jsonb) is
  'corrects the counts and gates of imports for which the removal of another one means something: see settle_finding. Waits for no import''s lock (55P03)';
