create or replace function spillway.take_back_occurrence(p_removed spillway.removed_imports, p_occurrence uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_occurrence spillway.occurrences;
  v_before jsonb;
  v_state jsonb;
begin
  select o.* into v_occurrence from spillway.occurrences o
  where o.workspace_id = p_removed.workspace_id and o.id = p_occurrence for no key update nowait;
  if not found then
    return null;
  end if;
  v_before := to_jsonb(v_occurrence) || jsonb_build_object('words', spillway.occurrence_words(v_occurrence));
  v_state := spillway.take_back_state(p_removed.workspace_id, p_occurrence, p_removed.id, v_before);
  if v_state is null then
    delete from spillway.occurrences o where o.workspace_id = p_removed.workspace_id and o.id = p_occurrence;
  elsif v_state <> v_before then
    v_occurrence := jsonb_populate_record(v_occurrence, v_state || (v_state -> 'words'));
    update spillway.occurrences o
    set service = v_occurrence.service, evidence = v_occurrence.evidence, first_import_id = v_occurrence.first_import_id,
      first_seen_at = v_occurrence.first_seen_at, last_import_id = v_occurrence.last_import_id, last_seen_at = v_occurrence.last_seen_at,
      seen_as = v_occurrence.seen_as, source_offset = v_occurrence.source_offset
    where o.workspace_id = p_removed.workspace_id and o.id = p_occurrence;
  end if;
  return v_state -> 'changed' || '{"kind": "occurrences"}';
end
$$;
comment on function spillway.take_back_occurrence(spillway.removed_imports, uuid) is 'the same as take_back_finding, of an occurrence';
