create or replace function spillway.finding_words(f spillway.findings) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object('title', f.title, 'severity', f.severity, 'description', f.description, 'solution', f.solution,
    'vulnerability_ids', f.vulnerability_ids, 'cwes', f.cwes, 'cvss', f.cvss, 'reference_urls', f.reference_urls, 'component', f.component,
    'attributes', f.attributes)
$$;
comment on function spillway.finding_words(spillway.findings) is 'what the newest import says of a finding: the columns by which it is updated or unchanged, without its status';
