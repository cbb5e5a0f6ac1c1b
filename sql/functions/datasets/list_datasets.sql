create or replace function spillway.list_datasets(p_workspace integer, p_after text, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select d.name as place, spillway.dataset_document(d) as document
    from (
      select d.* from spillway.datasets d
      where d.workspace_id = %1$s and (%2$L is null or d.name > %2$L)
      order by d.name limit %3$s + 1
    ) as d
    order by d.name
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_datasets(integer, text, integer) is 'a page of datasets in the order of their names, after the name given';
