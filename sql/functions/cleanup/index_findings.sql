create or replace function spillway.index_findings(p_limit integer) returns integer
-- Planned for every call: see keep_first_occurrences.
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_of spillway.unindexed_imports;
  v_last uuid;
  v_seen integer;
begin
  select u.* into v_of from spillway.unindexed_imports u where u.ended_at is not null order by u.ended_at limit 1 for update skip locked;
  -- While somebody stores alone, findings may go, or become what they were.
  if not found or not spillway.try_lock_storing(v_of.workspace_id) then
    return 0;
  end if;
  with seen as materialized (
    select s.finding_id, s.seen_as from spillway.import_findings s
    where s.workspace_id = v_of.workspace_id and s.import_id = v_of.import_id and (v_of.after_id is null or s.finding_id > v_of.after_id)
    order by s.finding_id limit p_limit
  ), stored as (
    insert into spillway.finding_terms as t (workspace_id, finding_id, severity, terms)
    select f.workspace_id, f.id, f.severity, spillway.terms_of(f)
    -- What an import has not changed has the terms of the one that brought it.
    from (select s.finding_id from seen s where s.seen_as <> 'unchanged' order by s.finding_id) as s
    join spillway.findings f on f.workspace_id = v_of.workspace_id and f.id = s.finding_id
    order by f.id
    on conflict (workspace_id, finding_id) do update set severity = excluded.severity, terms = excluded.terms
    where (t.severity, t.terms) is distinct from (excluded.severity, excluded.terms)
  )
  select count(*), (array_agg(s.finding_id order by s.finding_id desc))[1] into v_seen, v_last from seen s;
  if v_seen < p_limit then
    delete from spillway.unindexed_imports u where u.workspace_id = v_of.workspace_id and u.import_id = v_of.import_id;
  else
    update spillway.unindexed_imports u set after_id = v_last where u.workspace_id = v_of.workspace_id and u.import_id = v_of.import_id;
  end if;
  return greatest(v_seen, 1);
end
$$;
comment on function spillway.index_findings(integer) is
  'makes findings of an import that has ended known to who looks for them (finding_terms): at most p_limit that it saw, of one import. 0 where there is none that anybody could go on with; to be called until then';
