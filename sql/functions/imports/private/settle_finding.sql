create or replace function spillway.settle_finding(p_removed spillway.removed_imports, f spillway.findings, p_before jsonb) returns jsonb
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_course jsonb := spillway.finding_course(f, p_removed.closing_stopped_at, p_removed.id);
  v_seen record;
  v_changes jsonb := '[]';
begin
  update spillway.findings x set status = (v_course ->> 'status')::spillway.finding_status, closed_import_id = (v_course ->> 'closed_by')::uuid
  where x.workspace_id = f.workspace_id and x.id = f.id;
  delete from spillway.finding_scopes s where s.workspace_id = f.workspace_id and s.finding_id = f.id;
  insert into spillway.finding_scopes (workspace_id, scope, finding_id, last_import_id)
  select f.workspace_id, s.key, f.id, s.value::uuid from jsonb_each_text(v_course -> 'scopes') s order by s.key;
  delete from spillway.closed_scopes c
  where c.workspace_id = f.workspace_id and c.finding_id = f.id and c.import_id in (select x::uuid from jsonb_array_elements_text(p_before -> 'unscoped') x);
  insert into spillway.closed_scopes (workspace_id, import_id, finding_id)
  select f.workspace_id, x::uuid, f.id from jsonb_array_elements_text(v_course -> 'unscoped') x on conflict do nothing;
  select coalesce(jsonb_agg(jsonb_build_object('import_id', c.id, 'kind', 'closed', 'number', c.number)), '[]') into v_changes from (
    select b.id, sum(b.number) as number from (
      select x as id, -1 as number from jsonb_array_elements_text(p_before -> 'closed') x
      union all select x, 1 from jsonb_array_elements_text(v_course -> 'closed') x
    ) as b group by b.id having sum(b.number) <> 0
  ) as c;
  for v_seen in
    with later as (
      select e.import_id, case
          when v_course -> 'reopened' @> to_jsonb(e.import_id) then 'reopened'
          when e.words is null then 'unchanged'
          when e.words = coalesce(e.told, spillway.words_after(f.workspace_id, f.id, e.import_id), spillway.finding_words(f)) then 'unchanged'
          else 'updated' end::spillway.seen_as as seen_as
      from spillway.earlier_states e where e.workspace_id = f.workspace_id and e.object_id = f.id and e.import_id > p_removed.id
      union all select f.first_import_id, 'new'::spillway.seen_as where f.first_import_id > p_removed.id
    )
    select l.import_id, l.seen_as, s.seen_as as was, s.severity from later l
    join spillway.import_findings s on s.workspace_id = f.workspace_id and s.import_id = l.import_id and s.finding_id = f.id
    order by l.import_id
  loop
    update spillway.earlier_states e
    set previous_seen_as = case when e.previous_import_id = v_seen.import_id then v_seen.seen_as else e.previous_seen_as end,
      -- Of several decisions only the last is known: what was one stays.
      previous_status = case when e.import_id = v_seen.import_id and e.previous_status in ('open', 'closed') then (v_course -> 'before' ->> v_seen.import_id::text)::spillway.finding_status
        else e.previous_status end
    where e.workspace_id = f.workspace_id and e.object_id = f.id and v_seen.import_id in (e.previous_import_id, e.import_id);
    update spillway.findings x set seen_as = v_seen.seen_as where x.workspace_id = f.workspace_id and x.id = f.id and x.last_import_id = v_seen.import_id;
    continue when v_seen.seen_as = v_seen.was;
    update spillway.import_findings s set seen_as = v_seen.seen_as
    where s.workspace_id = f.workspace_id and s.import_id = v_seen.import_id and s.finding_id = f.id;
    v_changes := v_changes || jsonb_build_object('import_id', v_seen.import_id, 'kind', 'findings', 'was', v_seen.was, 'is', v_seen.seen_as,
      'severity', v_seen.severity, 'decided_at', case when f.status in ('false_positive', 'accepted_risk') then f.decided_at end);
  end loop;
  return v_changes;
end
$$;
comment on function spillway.settle_finding(spillway.removed_imports, spillway.findings, jsonb) is
  'has a finding be what it would be had a removed import neither seen nor closed it, p_before being its finding_course with it; gives what that means for other imports: [{import_id, kind: findings, was, is, severity, decided_at}, {import_id, kind: closed, number}]';
