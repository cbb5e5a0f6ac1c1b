create or replace function spillway.list_members(p_workspace integer, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select m.id as place, spillway.member_document(m) as document
    from (
      select m.* from spillway.members m
      where m.workspace_id = %1$s and m.removed_at is null and (%2$L is null or m.id < %2$L)
      order by m.id desc limit %3$s + 1
    ) as m
    order by m.id desc
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_members(integer, uuid, integer) is 'a page of the present members of a workspace, newest first, after the place given';
