create or replace function spillway.take_back_finding(p_removed spillway.removed_imports, p_finding uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_finding spillway.findings;
  v_before jsonb;
  v_state jsonb;
  v_changed jsonb;
  v_course jsonb;
  v_newest uuid;
begin
  delete from spillway.import_findings s
  where s.workspace_id = p_removed.workspace_id and s.import_id = p_removed.id and s.finding_id = p_finding;
  select f.* into v_finding from spillway.findings f
  where f.workspace_id = p_removed.workspace_id and f.id = p_finding for no key update nowait;
  if not found then
    return null;
  end if;
  v_course := case when p_removed.weighs_closings then spillway.finding_course(v_finding, p_removed.closing_stopped_at) end;
  v_before := to_jsonb(v_finding) || jsonb_build_object('words', spillway.finding_words(v_finding));
  v_state := spillway.take_back_state(p_removed.workspace_id, p_finding, p_removed.id, v_before);
  v_changed := v_state -> 'changed';
  if v_state is null then
    delete from spillway.finding_scopes s where s.workspace_id = p_removed.workspace_id and s.finding_id = p_finding;
    delete from spillway.closed_scopes c where c.workspace_id = p_removed.workspace_id and c.finding_id = p_finding
      and c.import_id in (select x::uuid from jsonb_array_elements_text(v_course -> 'unscoped') x);
    delete from spillway.findings f where f.workspace_id = p_removed.workspace_id and f.id = p_finding;
    return (select jsonb_agg(jsonb_build_object('import_id', x, 'kind', 'closed', 'number', -1)) from jsonb_array_elements_text(v_course -> 'closed') x);
  end if;
  if v_state <> v_before then
    v_finding := jsonb_populate_record(v_finding, v_state || (v_state -> 'words'));
    update spillway.findings f
    set (title, severity, description, solution, vulnerability_ids, cwes, cvss, reference_urls, component, attributes) = (
        select v_finding.title, v_finding.severity, v_finding.description, v_finding.solution, v_finding.vulnerability_ids, v_finding.cwes,
          v_finding.cvss, v_finding.reference_urls, v_finding.component, v_finding.attributes),
      first_import_id = v_finding.first_import_id, first_seen_at = v_finding.first_seen_at, last_import_id = v_finding.last_import_id,
      last_seen_at = v_finding.last_seen_at, seen_as = v_finding.seen_as, source_offset = v_finding.source_offset
    where f.workspace_id = p_removed.workspace_id and f.id = p_finding;
    -- It may be that the removed import would have been the one to index it.
    insert into spillway.finding_terms as t (workspace_id, finding_id, severity, terms)
    values (p_removed.workspace_id, p_finding, v_finding.severity, spillway.terms_of(v_finding))
    on conflict (workspace_id, finding_id) do update set severity = excluded.severity, terms = excluded.terms;
  end if;
  if v_course is not null then
    return spillway.settle_finding(p_removed, v_finding, v_course);
  end if;
  if p_removed.scope is not null then
    select i.id into v_newest from spillway.imports i join (
      select e.import_id as id from spillway.earlier_states e where e.workspace_id = p_removed.workspace_id and e.object_id = p_finding
      union all select v_finding.first_import_id
    ) as x on x.id = i.id
    where i.workspace_id = p_removed.workspace_id and i.scope = p_removed.scope order by i.id desc limit 1;
    if v_newest is null then
      delete from spillway.finding_scopes s
      where s.workspace_id = p_removed.workspace_id and s.scope = p_removed.scope and s.finding_id = p_finding and s.last_import_id = p_removed.id;
    else
      update spillway.finding_scopes s set last_import_id = v_newest
      where s.workspace_id = p_removed.workspace_id and s.scope = p_removed.scope and s.finding_id = p_finding and s.last_import_id = p_removed.id;
    end if;
  end if;
  if v_changed is null then
    return null;
  end if;
  update spillway.import_findings s set seen_as = (v_changed ->> 'is')::spillway.seen_as
  where s.workspace_id = p_removed.workspace_id and s.import_id = (v_changed ->> 'import_id')::uuid and s.finding_id = p_finding
  returning v_changed || jsonb_build_object('kind', 'findings', 'severity', s.severity,
    'decided_at', case when v_finding.status <> 'open' then v_finding.decided_at end) into v_changed;
  return v_changed;
end
$$;
comment on function spillway.take_back_finding(spillway.removed_imports, uuid) is
  'takes a removed import''s word on a finding back, once its occurrences are; gives what that means for the next import: see settle_finding, null where nothing. Waits for no lock (55P03)';
