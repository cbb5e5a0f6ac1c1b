create or replace function spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  with page as materialized (
    select a.* from spillway.assets a
    where a.workspace_id = p_workspace and (p_after is null or a.id > p_after)
    order by a.id limit p_limit + 1
  ), shown as (
    select * from page order by id limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(jsonb_build_object(
        'id', s.id, 'kind', s.kind, 'identity', s.identity, 'hostname', s.hostname, 'attributes', s.attributes,
        'first_import_id', s.first_import_id, 'last_import_id', s.last_import_id,
        'first_seen_at', spillway.utc_text(s.first_seen_at), 'last_seen_at', spillway.utc_text(s.last_seen_at))
      order by s.id) from shown s), '[]'),
    'next', (select s.id::text from shown s where (select count(*) from page) > p_limit order by s.id desc limit 1))
$$;
comment on function spillway.list_assets(integer, uuid, integer) is 'a page of assets after the one given; next is the place of the next page';
