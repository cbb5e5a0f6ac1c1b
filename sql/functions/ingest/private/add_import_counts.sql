create or replace function spillway.add_import_counts(
  p_workspace integer, p_import uuid, p_counts jsonb, p_tools jsonb default null, p_only_new_findings boolean default true,
  p_only_new_occurrences boolean default true
) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  update spillway.imports i
  set assets_new = i.assets_new + coalesce((p_counts #> '{assets,new}')::bigint, 0),
    assets_updated = i.assets_updated + coalesce((p_counts #> '{assets,updated}')::bigint, 0),
    assets_unchanged = i.assets_unchanged + coalesce((p_counts #> '{assets,unchanged}')::bigint, 0),
    findings_new = i.findings_new + coalesce((p_counts #> '{findings,new}')::bigint, 0),
    findings_updated = i.findings_updated + coalesce((p_counts #> '{findings,updated}')::bigint, 0),
    findings_reopened = i.findings_reopened + coalesce((p_counts #> '{findings,reopened}')::bigint, 0),
    findings_unchanged = i.findings_unchanged + coalesce((p_counts #> '{findings,unchanged}')::bigint, 0),
    occurrences_new = i.occurrences_new + coalesce((p_counts #> '{occurrences,new}')::bigint, 0),
    occurrences_updated = i.occurrences_updated + coalesce((p_counts #> '{occurrences,updated}')::bigint, 0),
    occurrences_unchanged = i.occurrences_unchanged + coalesce((p_counts #> '{occurrences,unchanged}')::bigint, 0),
    errors = i.errors + (select coalesce(sum(value::bigint), 0) from jsonb_each_text(p_counts -> 'errors')),
    error_counts = (
      select coalesce(jsonb_object_agg(key, value) filter (where value <> '0'), '{}')
      from jsonb_each(spillway.add_counts(i.error_counts, coalesce(p_counts -> 'errors', '{}')))),
    tools = case when p_tools is null then i.tools else array(
      select distinct unnest(i.tools || array(select jsonb_array_elements_text(p_tools))) order by 1 limit 1000) end,
    -- Findings are what a report brings first: whoever adds a batch of it has come so far.
    stage = case when p_tools is null then i.stage else 'findings' end,
    only_new_findings = i.only_new_findings and p_only_new_findings, only_new_occurrences = i.only_new_occurrences and p_only_new_occurrences,
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import;
end
$$;
comment on function spillway.add_import_counts(integer, uuid, jsonb, jsonb, boolean, boolean) is
  'adds {assets, findings, occurrences: {new, updated, …}, errors: {code: number}} to the counts of an import of a report; of a batch also the tools that it names, and whether all its findings and occurrences were new';
