create or replace function spillway.add_import_counts(p_workspace integer, p_import uuid, p_counts jsonb) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_errors bigint;
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
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import
  returning i.errors into v_errors;
  return v_errors;
end
$$;
comment on function spillway.add_import_counts(integer, uuid, jsonb) is
  'adds {assets, findings, occurrences: {new, updated, …}, errors: {code: number}} to the counts of an import; gives its number of errors';
