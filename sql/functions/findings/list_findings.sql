create or replace function spillway.list_findings(
  p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer,
  p_severity spillway.severity, p_status spillway.finding_status
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select concat_ws(' ', f.severity, f.id) as place, spillway.finding_summary(f) as document
    from (
      -- An index has them in order, status by status.
      select k.severity, k.id
      from unnest(case when %6$L is null then enum_range(null::spillway.finding_status) else array[%6$L]::spillway.finding_status[] end) as of (status)
      cross join lateral (
        select f.severity, f.id from spillway.findings f
        where f.workspace_id = %1$s and f.status = of.status and (%5$L is null or f.severity = %5$L)
          and (%3$L is null or %5$L is null and (f.severity, f.id) < (%2$L, %3$L) or %5$L is not null and f.id < %3$L)
        order by f.severity desc, f.id desc limit %4$s + 1
      ) as k
      order by k.severity desc, k.id desc limit %4$s + 1
    ) as k
    join spillway.findings f on f.workspace_id = %1$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, p_workspace, p_after_severity, p_after, p_limit, p_severity, p_status), p_limit);
end
$$;
comment on function spillway.list_findings(integer, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status) is
  'a page of a workspace''s findings in short, worst first, after the place given, of one severity or status or of all';
