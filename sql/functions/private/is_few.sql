create or replace function spillway.is_few(p_query text, p_few integer) returns boolean
-- volatile: whoever is not may not ask for a plan.
language plpgsql volatile set search_path = ''
as $$
declare
  v_plan json;
  v_count bigint;
begin
  -- What is found everywhere is not even counted.
  execute 'explain (format json) ' || p_query into v_plan;
  if (v_plan #>> '{0,Plan,Plan Rows}')::float8 > 10 * p_few then
    return false;
  end if;
  execute format('select count(*) from (select from (%s) q limit %s) q', p_query, p_few + 1) into v_count;
  return v_count <= p_few;
end
$$;
comment on function spillway.is_few(text, integer) is 'whether a query gives no more than so many rows; it counts no further, and not at all where it is planned for ten times as many';
