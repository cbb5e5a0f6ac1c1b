create or replace function spillway.findings_passing(p_workspace integer, p_filter jsonb, p_walk text, p_limit bigint) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_conditions constant text := spillway.finding_conditions(p_workspace, p_filter);
begin
  if v_conditions = '' then
    return format('select k.severity, k.id from (%s) k order by k.severity desc, k.id desc limit %L', p_walk, p_limit);
  end if;
  return format($query$
    select k.severity, k.id from (%s) k
    -- offset 0: looked at for each row of the walk, and no further than to the last that is wanted. Joined, the findings were gone through for the walk's.
    cross join lateral (select from spillway.findings f where f.workspace_id = %s and f.id = k.id and %s offset 0) f
    order by k.severity desc, k.id desc limit %L
  $query$, p_walk, p_workspace, v_conditions, p_limit);
end
$$;
comment on function spillway.findings_passing(integer, jsonb, text, bigint) is
  'a query of the findings of a walk (findings_walk) that pass its filter, as severity and id, worst first';
