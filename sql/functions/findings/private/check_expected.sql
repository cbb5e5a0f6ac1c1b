create or replace function spillway.check_expected(p_workspace integer, p_filter jsonb, p_expected bigint) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_most constant bigint := p_expected + p_expected / 20;
  v_count bigint;
begin
  execute format('select count(*) from (%s) k', spillway.findings_passing(p_workspace, p_filter, spillway.findings_walk(p_workspace, p_filter, null, null, null),
    v_most + 1)) into v_count;
  if v_count > v_most or v_count < p_expected - p_expected / 20 then
    raise exception using errcode = 'SW409', message = format('there are %s such findings now, and %s were expected: look again before you decide',
      case when v_count > v_most then 'more than ' || v_most else v_count::text end, p_expected);
  end if;
end
$$;
comment on function spillway.check_expected(integer, jsonb, bigint) is
  'SW409 where the findings that pass a filter are over 5 % more or less than somebody has seen; counts no further than it has to';
