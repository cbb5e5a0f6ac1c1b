create or replace function spillway.finding_document(f spillway.findings) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return spillway.finding_summary(f)::jsonb || jsonb_build_object(
    'decision', spillway.decision_document(f), 'description', f.description, 'solution', f.solution, 'references', f.reference_urls, 'attributes', f.attributes);
end
$$;
comment on function spillway.finding_document(spillway.findings) is 'a finding as the API shows it';
