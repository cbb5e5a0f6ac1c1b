create or replace function spillway.findings_walk(
  p_workspace integer, p_filter jsonb, p_after_severity spillway.severity, p_after uuid, p_limit bigint
) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_import constant text := p_filter ->> 'import_id';
  v_found text := case when v_import is null then spillway.findings_found(p_workspace, p_filter) end;
  v_after constant text := format('(k.severity, k.id) < (%L, %L)', p_after_severity, p_after);
  v_severities constant text[] := spillway.texts_of(p_filter -> 'severity');
begin
  if v_found is null then
    -- What an index has in order, piece by piece, merged. A range of one value: of a constant the planner would not see that a piece is in the order of
    -- all. Each with the limit of all: without one it would rather sort the whole table than walk the index.
    v_found := (
      select string_agg(format('(select k.severity, k.id from (%s) k where %s%s order by k.severity desc, k.id desc limit %L)',
          case when v_import is null
            then format('select f.severity, f.id from spillway.findings f where f.workspace_id = %s and f.status = %L', p_workspace, status)
            else format('select s.severity, s.finding_id as id from spillway.import_findings s where s.workspace_id = %s and s.import_id = %L', p_workspace, v_import) end,
          case when severity is null then 'true' else format('k.severity between %1$L and %1$L', severity) end,
          case when p_after is not null then ' and ' || v_after end, p_limit), ' union all ')
      from unnest(case when v_import is not null then '{null}' else coalesce(spillway.texts_of(p_filter -> 'status'), enum_range(null::spillway.finding_status)::text[]) end) status
      cross join unnest(coalesce(v_severities, '{null}')) severity);
  end if;
  return format('select k.severity, k.id from (%s) k where %s order by k.severity desc, k.id desc limit %L', v_found,
    concat_ws(' and ', 'true', case when p_after is not null then v_after end,
      case when v_severities is not null then format('k.severity = any (%L::spillway.severity[])', v_severities) end), p_limit);
end
$$;
comment on function spillway.findings_walk(integer, jsonb, spillway.severity, uuid, bigint) is
  'a query of findings as severity and id, worst first, after the place given: those of a workspace, or that an import saw (then the severity is its report''s), among which are all that pass the filter {severity, status, tool, kind, rule, cve, cwe, component, scope, asset_id, seen_as: lists of which any counts; import_id, first_seen_after, q}; only their severity is sure to. Planned with its values, so that it walks an index';
