create or replace function spillway.get_dataset(p_workspace integer, p_name text) returns jsonb
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.dataset_document(spillway.dataset_named(p_workspace, p_name));
end
$$;
comment on function spillway.get_dataset(integer, text) is 'a dataset; SW404 where the workspace has none of that name';
