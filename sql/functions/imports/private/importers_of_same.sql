create or replace function spillway.importers_of_same(p_import spillway.imports) returns setof uuid
language sql stable set search_path = ''
as $$
  select p_import.id
  union
  select x.id from spillway.import_findings s
  join spillway.findings f on f.workspace_id = s.workspace_id and f.id = s.finding_id
  cross join lateral (
    select f.first_import_id
    union all select unnest(array[e.import_id, e.previous_import_id]) from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.finding_id
  ) as x (id)
  where s.workspace_id = p_import.workspace_id and s.import_id = p_import.id
$$;
comment on function spillway.importers_of_same(spillway.imports) is 'the imports that saw one of the findings that an import saw, itself among them; also those that are gone';
