create or replace function spillway.list_import_findings(
  p_workspace integer, p_import uuid, p_after_severity spillway.severity, p_after uuid, p_limit integer,
  p_severity spillway.severity, p_status spillway.finding_status
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select concat_ws(' ', k.severity, k.id) as place, spillway.finding_summary(f) as document
    from (
      select s.severity, s.finding_id as id
      from spillway.import_findings s
      -- offset 0: looked at for each row of the walk. Joined, the findings were walked for the import's.
      where s.workspace_id = %1$s and s.import_id = %2$L and (%6$L is null or s.severity = %6$L)
        and (%7$L is null or exists (
          select from spillway.findings f where f.workspace_id = %1$s and f.id = s.finding_id and f.status = %7$L offset 0
        ))
        and (%4$L is null or %6$L is null and (s.severity, s.finding_id) < (%3$L, %4$L) or %6$L is not null and s.finding_id < %4$L)
      order by s.severity desc, s.finding_id desc limit %5$s + 1
    ) as k
    join spillway.findings f on f.workspace_id = %1$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, p_workspace, p_import, p_after_severity, p_after, p_limit, p_severity, p_status), p_limit);
end
$$;
comment on function spillway.list_import_findings(
  integer, uuid, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status
) is
  'a page of the findings that an import saw, in short, worst first as its report says, after the place given; p_severity is the report''s, too';
