create or replace function spillway.has_unknown_findings(p_import spillway.imports, p_closes boolean) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from spillway.importers_of_same(p_import) x
    where not exists (select from spillway.imports i where i.workspace_id = p_import.workspace_id and i.id = x)
      and not exists (select from spillway.removed_imports r where r.workspace_id = p_import.workspace_id and r.id = x and r.ended_at is null)
  ) or exists (
    select from spillway.import_findings s join spillway.findings f on f.workspace_id = s.workspace_id and f.id = s.finding_id
    where s.workspace_id = p_import.workspace_id and s.import_id = p_import.id and (
      f.status not in ('open', 'closed') and f.decided_at is null
      -- A report that says itself that something is no finding, or a person who took a decision back, in between.
      or exists (select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.finding_id
        and e.previous_status not in ('open', 'closed') and f.decided_at is null)
      or case when f.first_import_id = s.import_id
        then f.last_import_id <> s.import_id and not exists (
          select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.finding_id and e.previous_import_id = s.import_id)
        else not exists (
          select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.finding_id and e.import_id = s.import_id) end
      or (p_closes or f.status = 'closed' or exists (
          select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.finding_id and e.previous_status = 'closed'))
        and not spillway.is_course_known(f))
  ) or exists (
    select from spillway.closed_scopes c join spillway.findings f on f.workspace_id = c.workspace_id and f.id = c.finding_id
    where c.workspace_id = p_import.workspace_id and c.import_id = p_import.id and not spillway.is_course_known(f)
  )
$$;
comment on function spillway.has_unknown_findings(spillway.imports, boolean) is
  'whether an import saw, or closed, findings of which is not known what they would be without it: their status came from reports or was taken back by a person, or who saw them before or after it is not kept';
