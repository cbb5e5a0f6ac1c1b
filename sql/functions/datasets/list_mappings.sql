create or replace function spillway.list_mappings(p_workspace integer, p_name text, p_after integer, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
begin
  return spillway.read_page(format($query$
    select m.number as place, spillway.mapping_document(m) as document
    from (
      select m.* from spillway.mappings m
      where m.workspace_id = %1$s and m.dataset_id = %2$s and (%3$L is null or m.number < %3$L)
      order by m.number desc limit %4$s + 1
    ) as m
    order by m.number desc
  $query$, p_workspace, v_dataset.id, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_mappings(integer, text, integer, integer) is 'a page of the mappings of a dataset, newest first, after the number given; SW404 where there is no such dataset';
