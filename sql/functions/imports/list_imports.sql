create or replace function spillway.list_imports(
  p_workspace integer, p_after uuid, p_limit integer, p_state spillway.import_state default null
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select i.id as place, spillway.import_text(i) as document
    from (
      select i.* from spillway.imports i
      where i.workspace_id = %1$s and (%2$L is null or i.id < %2$L) and (%4$L is null or i.state = %4$L)
      order by i.id desc limit %3$s + 1
    ) as i
    order by i.id desc
  $query$, p_workspace, p_after, p_limit, p_state), p_limit);
end
$$;
comment on function spillway.list_imports(integer, uuid, integer, spillway.import_state) is
  'a page of imports, newest first, after the place given, of one state or of all';
