create or replace function spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select o.id as place, spillway.occurrence_document(o, a.identity) as document
    from (
      select o.* from spillway.occurrences o
      where o.workspace_id = %1$s and (%2$L is null or o.finding_id = %2$L) and (%3$L is null or o.id > %3$L)
      order by o.id limit %4$s + 1
    ) as o
    join spillway.assets a on a.workspace_id = %1$s and a.id = o.asset_id
    order by o.id
  $query$, p_workspace, p_finding, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_occurrences(integer, uuid, uuid, integer) is
  'a page of occurrences, of one finding or of all, after the place given';
