create or replace function spillway.dataset_named(p_workspace integer, p_name text) returns spillway.datasets
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_dataset spillway.datasets;
begin
  select d.* into v_dataset from spillway.datasets d where d.workspace_id = p_workspace and d.name = p_name;
  if not found then
    raise exception using errcode = 'SW404', message = format('there is no dataset of the name %s', left(p_name, 100));
  end if;
  return v_dataset;
end
$$;
comment on function spillway.dataset_named(integer, text) is 'a dataset of a workspace; SW404 where it has none of that name';
