create or replace function spillway.list_keys(p_workspace integer, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_made_at timestamptz := (select k.created_at from spillway.api_keys k where k.workspace_id = p_workspace and k.id = p_after);
begin
  return spillway.read_page(format($query$
    select k.id as place, spillway.api_key_document(k) as document
    from (
      select k.* from spillway.api_keys k
      where k.workspace_id = %1$s and (%2$L is null or (k.created_at, k.id) < (%4$L, %2$L))
      order by k.created_at desc, k.id desc limit %3$s + 1
    ) as k
    order by k.created_at desc, k.id desc
  $query$, p_workspace, p_after, p_limit, v_made_at), p_limit);
end
$$;
comment on function spillway.list_keys(integer, uuid, integer) is
  'a page of the keys of a workspace, newest first, after the one given; also of those that are no longer valid';
