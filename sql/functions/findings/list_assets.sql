create or replace function spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select a.id as place, spillway.asset_document(a) as document
    from (
      select a.* from spillway.assets a
      where a.workspace_id = %1$s and (%2$L is null or a.id > %2$L)
      order by a.id limit %3$s + 1
    ) as a
    order by a.id
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_assets(integer, uuid, integer) is
  'a page of assets after the place given';
