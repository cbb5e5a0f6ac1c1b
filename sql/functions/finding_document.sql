create or replace function spillway.finding_document(f spillway.findings) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  select jsonb_build_object(
    'id', f.id, 'tool', f.tool, 'kind', f.kind, 'rule_id', f.rule_id, 'title', f.title, 'severity', f.severity, 'status', f.status,
    'decided_at', spillway.utc_text(f.decided_at), 'closed_import_id', f.closed_import_id,
    'description', f.description, 'solution', f.solution, 'vulnerability_ids', f.vulnerability_ids, 'cwes', f.cwes, 'cvss', f.cvss,
    'references', f.reference_urls, 'component', f.component, 'attributes', f.attributes,
    'first_import_id', f.first_import_id, 'last_import_id', f.last_import_id,
    'first_seen_at', spillway.utc_text(f.first_seen_at), 'last_seen_at', spillway.utc_text(f.last_seen_at))
$$;
comment on function spillway.finding_document(spillway.findings) is 'a finding as the API shows it';
