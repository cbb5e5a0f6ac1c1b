create or replace function spillway.get_finding_days(p_workspace integer, p_days integer) returns json
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_counted_at timestamptz;
begin
  select nullif(c.counted_at, '-infinity') into v_counted_at from spillway.finding_counts c where c.workspace_id = p_workspace;
  return json_build_object('counted_at', spillway.utc_text(v_counted_at), 'items', coalesce((
    select json_agg(json_build_object('day', d.day, 'severity', d.severity, 'status', d.status, 'tool', d.tool, 'findings', d.findings)
      order by d.day, d.severity desc, d.status, d.tool)
    from spillway.finding_days d
    where d.workspace_id = p_workspace and d.day > timezone('UTC', v_counted_at)::date - p_days), '[]'));
end
$$;
comment on function spillway.get_finding_days(integer, integer) is
  'how many findings there were at the end of the last so many days, and of the last one when they were counted, by severity, status and tool: {counted_at: null where nobody has yet, items}';
