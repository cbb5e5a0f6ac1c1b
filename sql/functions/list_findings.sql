create or replace function spillway.list_findings(
  p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer,
  p_severity spillway.severity, p_status spillway.finding_status, p_import uuid
) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  with page as materialized (
    select f.* from spillway.findings f
    where f.workspace_id = p_workspace
      and (p_after is null or f.severity < p_after_severity or f.severity = p_after_severity and f.id > p_after)
      and (p_severity is null or f.severity = p_severity)
      and (p_status is null or f.status = p_status)
      and (p_import is null or exists (select from spillway.import_findings s
        where s.workspace_id = p_workspace and s.import_id = p_import and s.finding_id = f.id))
    order by f.severity desc, f.id limit p_limit + 1
  ), shown as (
    select * from page order by severity desc, id limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(spillway.finding_document(s::spillway.findings)
      order by s.severity desc, s.id) from shown s), '[]'),
    'next', (select s.severity || ' ' || s.id from shown s where (select count(*) from page) > p_limit order by s.severity, s.id desc limit 1))
$$;
comment on function spillway.list_findings(integer, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status, uuid) is
  'a page of findings, worst first, after the one given, with filters; next is the place of the next page';
