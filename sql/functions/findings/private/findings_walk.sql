create or replace function spillway.findings_walk(
  p_workspace integer, p_import uuid, p_severity spillway.severity, p_status spillway.finding_status, p_after_severity spillway.severity, p_after uuid,
  p_limit bigint
) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  if p_import is not null then
    return format($query$
      select s.severity, s.finding_id as id
      from spillway.import_findings s
      -- offset 0: looked at for each row of the walk. Joined, the findings were walked for the import's.
      where s.workspace_id = %1$s and s.import_id = %2$L and (%3$L is null or s.severity = %3$L)
        and (%4$L is null or exists (
          select from spillway.findings f where f.workspace_id = %1$s and f.id = s.finding_id and f.status = %4$L offset 0
        ))
        and (%6$L is null or %3$L is null and (s.severity, s.finding_id) < (%5$L, %6$L) or %3$L is not null and s.finding_id < %6$L)
      order by s.severity desc, s.finding_id desc limit %7$s
    $query$, p_workspace, p_import, p_severity, p_status, p_after_severity, p_after, p_limit);
  end if;
  return format($query$
    -- An index has them in order, status by status.
    select k.severity, k.id
    from unnest(case when %3$L is null then enum_range(null::spillway.finding_status) else array[%3$L]::spillway.finding_status[] end) as of (status)
    cross join lateral (
      select f.severity, f.id from spillway.findings f
      where f.workspace_id = %1$s and f.status = of.status and (%2$L is null or f.severity = %2$L)
        and (%5$L is null or %2$L is null and (f.severity, f.id) < (%4$L, %5$L) or %2$L is not null and f.id < %5$L)
      order by f.severity desc, f.id desc limit %6$s
    ) as k
    order by k.severity desc, k.id desc limit %6$s
  $query$, p_workspace, p_severity, p_status, p_after_severity, p_after, p_limit);
end
$$;
comment on function spillway.findings_walk(integer, uuid, spillway.severity, spillway.finding_status, spillway.severity, uuid, bigint) is
  'a query of findings as severity and id, worst first, after the place given: of a workspace or of those that an import saw (then the severity is its report''s), of one severity or status or of all. Planned with its values, so that it walks an index';
