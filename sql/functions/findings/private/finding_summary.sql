-- One expression, in names that no search path changes: see utc_text.
create or replace function spillway.finding_summary(f spillway.findings) returns json
language sql stable parallel safe
as $$
  select pg_catalog.json_build_object(
    'id', f.id, 'tool', f.tool, 'kind', f.kind, 'rule_id', f.rule_id, 'title', f.title, 'severity', f.severity, 'status', f.status,
    'decided_at', spillway.utc_text(f.decided_at), 'closed_import_id', f.closed_import_id,
    'vulnerability_ids', f.vulnerability_ids, 'cwes', f.cwes, 'cvss', f.cvss, 'component', f.component,
    'first_import_id', f.first_import_id, 'last_import_id', f.last_import_id,
    'first_seen_at', spillway.utc_text(f.first_seen_at), 'last_seen_at', spillway.utc_text(f.last_seen_at))
$$;
comment on function spillway.finding_summary(spillway.findings) is 'a finding as lists show it: without its long texts, links and further facts';
