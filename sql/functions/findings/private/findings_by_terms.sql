create or replace function spillway.findings_by_terms(p_workspace integer, p_terms text, p_few integer) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return case when p_terms is not null then format($query$
    select t.severity, t.finding_id as id from spillway.finding_terms t where %2$s and not exists (select from (%3$s) p where p.finding_id = t.finding_id)
    union all
    select f.severity, f.id from (select distinct p.finding_id from (%3$s) p) p join spillway.findings f on f.workspace_id = %1$s and f.id = p.finding_id
  $query$, p_workspace, p_terms, format($query$
    select s.finding_id
    from (select u.import_id from spillway.unindexed_imports u where u.workspace_id = %1$s order by u.import_id desc limit 100) u
    cross join lateral (
      select s.finding_id from spillway.import_findings s
      where s.workspace_id = %1$s and s.import_id = u.import_id and s.seen_as <> 'unchanged' limit %2$s
    ) s limit %2$s
  $query$, p_workspace, p_few / 2)) end;
end
$$;
comment on function spillway.findings_by_terms(integer, text, integer) is
  'a query of findings, as severity and id, that fulfil a condition of terms_asked, or may, since they are not in finding_terms yet: of those half of p_few at most. null where p_terms is';
