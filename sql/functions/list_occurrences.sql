create or replace function spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_items jsonb;
  v_count bigint;
begin
  -- Two queries rather than one with "or": each walks its own index.
  with page as materialized (
    (select o.* from spillway.occurrences o
     where p_finding is null and o.workspace_id = p_workspace and o.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
     order by o.id limit p_limit + 1)
    union all
    (select o.* from spillway.occurrences o
     where o.finding_id = p_finding and o.workspace_id = p_workspace and o.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
     order by o.id limit p_limit + 1)
  ), shown as (
    select * from page order by id limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'id', s.id, 'finding_id', s.finding_id, 'asset_id', s.asset_id, 'asset_identity', a.identity,
      'location', jsonb_build_object('host', s.host, 'port', s.port, 'protocol', s.protocol, 'service', s.service, 'url', s.url,
        'parameter', s.parameter, 'path', s.path, 'line', s.line),
      'evidence', s.evidence, 'first_import_id', s.first_import_id, 'last_import_id', s.last_import_id,
      'first_seen_at', spillway.utc_text(s.first_seen_at), 'last_seen_at', spillway.utc_text(s.last_seen_at))
    order by s.id), '[]'), (select count(*) from page)
  into v_items, v_count
  from shown s join spillway.assets a on a.workspace_id = p_workspace and a.id = s.asset_id;
  return jsonb_build_object('items', v_items, 'next', case when v_count > p_limit then v_items #>> '{-1,id}' end);
end
$$;
comment on function spillway.list_occurrences(integer, uuid, uuid, integer) is
  'a page of occurrences, of one finding or of all, after the one given; next is the place of the next page';
