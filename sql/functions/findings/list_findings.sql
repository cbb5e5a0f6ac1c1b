create or replace function spillway.list_findings(
  p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer,
  p_severity spillway.severity, p_status spillway.finding_status
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select concat_ws(' ', k.severity, k.id) as place, spillway.finding_summary(f) as document
    from (%1$s) as k
    join spillway.findings f on f.workspace_id = %2$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, spillway.findings_walk(p_workspace, null, p_severity, p_status, p_after_severity, p_after, p_limit + 1), p_workspace), p_limit);
end
$$;
comment on function spillway.list_findings(integer, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status) is
  'a page of a workspace''s findings in short, worst first, after the place given, of one severity or status or of all';
