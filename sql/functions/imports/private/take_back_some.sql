create or replace function spillway.take_back_some(p_removed spillway.removed_imports, p_limit integer) returns spillway.removed_imports
language plpgsql volatile set search_path = ''
as $$
declare
  v_left integer := p_limit;
  v_id uuid;
  v_found boolean;
  v_changes jsonb := '[]';
begin
  loop
    select s.finding_id into p_removed.finding_id from spillway.import_findings s
    where s.workspace_id = p_removed.workspace_id and s.import_id = p_removed.id order by s.finding_id limit 1;
    exit when not found or v_left <= 0;
    v_found := false;
    for v_id in
      select o.id from spillway.occurrences o
      where o.workspace_id = p_removed.workspace_id and o.finding_id = p_removed.finding_id and (p_removed.occurrence_id is null or o.id > p_removed.occurrence_id)
      order by o.id limit v_left
    loop
      v_changes := v_changes || coalesce(spillway.take_back_occurrence(p_removed, v_id), '[]');
      v_left := v_left - 1;
      v_found := true;
      p_removed.occurrence_id := v_id;
    end loop;
    exit when v_left <= 0;
    if not v_found then
      v_changes := v_changes || coalesce(spillway.take_back_finding(p_removed, p_removed.finding_id), '[]');
      v_left := v_left - 1;
      p_removed.occurrence_id := null;
      p_removed.findings := p_removed.findings + 1;
    end if;
  end loop;
  for v_id in
    select c.finding_id from spillway.closed_scopes c
    where c.workspace_id = p_removed.workspace_id and c.import_id = p_removed.id and v_left > 0 order by c.finding_id limit v_left
  loop
    v_changes := v_changes || spillway.take_back_closing(p_removed, v_id);
    v_left := v_left - 1;
  end loop;
  for v_id in
    select s.asset_id from spillway.import_assets s
    where s.workspace_id = p_removed.workspace_id and s.import_id = p_removed.id and v_left > 0 order by s.asset_id limit v_left
  loop
    v_changes := v_changes || spillway.take_back_asset(p_removed, v_id);
    v_left := v_left - 1;
  end loop;
  perform spillway.note_taken_back(p_removed.workspace_id, v_changes);
  update spillway.removed_imports r
  set finding_id = p_removed.finding_id, occurrence_id = p_removed.occurrence_id, findings = p_removed.findings,
    ended_at = case when v_left > 0 then clock_timestamp() end
  where r.workspace_id = p_removed.workspace_id and r.id = p_removed.id
  returning r.* into p_removed;
  return p_removed;
exception when lock_not_available then
  -- Somebody ends an import, or decides: nothing of this is kept, and the next turn does it.
  return p_removed;
end
$$;
comment on function spillway.take_back_some(spillway.removed_imports, integer) is
  'goes on with the removal of an import: at most p_limit occurrences, findings and assets. For whoever holds lock_storing alone; beyond that it waits for no lock';
