create or replace function spillway.count_findings_of_day() returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  c_soonest constant interval := interval '10 minutes';
  c_kept_days constant integer := 400;
  c_share constant integer := 50;
  v_began constant timestamptz := clock_timestamp();
  v_workspace integer;
begin
  insert into spillway.finding_counts (workspace_id, counted_at, due_at)
  select w.id, '-infinity', '-infinity' from spillway.workspaces w
  where w.findings > 0 and w.removed_at is null and not exists (select from spillway.finding_counts c where c.workspace_id = w.id)
  order by w.id limit c_share
  on conflict do nothing;
  select c.workspace_id into v_workspace from spillway.finding_counts c where c.due_at <= now() order by c.due_at limit 1 for update skip locked;
  if not found then
    return;
  end if;
  with counted as materialized (
    select f.severity, f.status, f.tool, count(*) as findings from spillway.findings f where f.workspace_id = v_workspace group by f.severity, f.status, f.tool
  ), gone as (
    delete from spillway.finding_days d where d.workspace_id = v_workspace and d.day = timezone('UTC', v_began)::date
      and not exists (select from counted c where (c.severity, c.status, c.tool) = (d.severity, d.status, d.tool))
  )
  insert into spillway.finding_days as d (workspace_id, day, severity, status, tool, findings)
  select v_workspace, timezone('UTC', v_began)::date, c.severity, c.status, c.tool, c.findings from counted c
  on conflict (workspace_id, day, severity, status, tool) do update set findings = excluded.findings;
  delete from spillway.finding_days d where d.workspace_id = v_workspace and d.day < timezone('UTC', v_began)::date - c_kept_days;
  update spillway.finding_counts c
  set counted_at = v_began, due_at = clock_timestamp() + greatest(c_soonest, c_share * (clock_timestamp() - v_began))
  where c.workspace_id = v_workspace;
end
$$;
comment on function spillway.count_findings_of_day() is
  'counts the findings of the workspace whose turn it is, each at most every ten minutes and for a fiftieth of the time; days are kept for 400';
