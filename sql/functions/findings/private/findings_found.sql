create or replace function spillway.findings_found(p_workspace integer, p_filter jsonb) returns text
-- volatile: see is_few.
language plpgsql volatile set search_path = ''
as $$
declare
  -- So many are looked up for a page. Where there are more, a page of 50 is found sooner by going through all findings, worst first.
  c_few constant integer := 10000;
  v_query text;
begin
  for v_query in
    select q from unnest(array[
      spillway.findings_by_terms(p_workspace, spillway.terms_asked(p_workspace, p_filter), c_few),
      case when p_filter ? 'scope' then format($query$
        select f.severity, f.id from spillway.finding_scopes s join spillway.findings f on f.workspace_id = s.workspace_id and f.id = s.finding_id
        where s.workspace_id = %s and s.scope = any (%L::text[])
      $query$, p_workspace, spillway.texts_of(p_filter -> 'scope')) end,
      case when p_filter ? 'asset_id' then format($query$
        select distinct f.severity, f.id from unnest(%2$L::uuid[]) a
        cross join lateral (
          select o.finding_id from spillway.occurrences o
          where o.workspace_id = %1$s and o.asset_id = a and o.id between spillway.first_on_asset(a) and spillway.last_on_asset(a)
        ) o
        join spillway.findings f on f.workspace_id = %1$s and f.id = o.finding_id
      $query$, p_workspace, spillway.texts_of(p_filter -> 'asset_id')) end
    ]) q where q is not null
  loop
    if spillway.is_few(v_query, c_few) then
      return v_query;
    end if;
  end loop;
  return null;
end
$$;
comment on function spillway.findings_found(integer, jsonb) is
  'a query of findings as severity and id, no more than a page can look up, among which are all that pass a filter; null where an index leads to no so few of them';
