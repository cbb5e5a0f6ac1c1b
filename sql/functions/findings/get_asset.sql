create or replace function spillway.get_asset(p_workspace integer, p_asset uuid) returns jsonb
language plpgsql stable parallel safe security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  -- So many are looked at: an asset may have millions.
  c_occurrences constant integer := 10000;
  v_asset spillway.assets;
  v_findings uuid[];
  v_occurrences bigint;
begin
  select a.* into v_asset from spillway.assets a where a.workspace_id = p_workspace and a.id = p_asset;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such asset';
  end if;
  select array_agg(distinct o.finding_id), count(*) into v_findings, v_occurrences from (
    select o.finding_id from spillway.occurrences o
    where o.workspace_id = p_workspace and o.asset_id = p_asset and o.id between spillway.first_on_asset(p_asset) and spillway.last_on_asset(p_asset)
    limit c_occurrences + 1
  ) as o;
  return spillway.asset_document(v_asset)::jsonb || jsonb_build_object('open_findings', (
    select jsonb_object_agg(s.severity, coalesce(c.findings, 0))
    from unnest(enum_range(null::spillway.severity)) as s (severity)
    left join (
      select f.severity, count(*) as findings from unnest(v_findings) k (id)
      cross join lateral (select f.severity from spillway.findings f where f.workspace_id = p_workspace and f.id = k.id and f.status = 'open' offset 0) f
      group by f.severity
    ) as c on c.severity = s.severity
  ), 'open_findings_at_least', v_occurrences > c_occurrences);
end
$$;
comment on function spillway.get_asset(integer, uuid) is
  'an asset with the number of its open findings by severity; of its first 10,000 occurrences, and then open_findings_at_least. SW404 where the workspace has no such one';
