create or replace function spillway.dataset_columns_document(d spillway.datasets) returns jsonb
language sql stable parallel safe set search_path = ''
as $$
  select jsonb_agg(jsonb_build_object('name', c.name, 'type', c.type, 'required', c.required) order by c.ordinal)
  from spillway.dataset_columns c where c.workspace_id = d.workspace_id and c.dataset_id = d.id
$$;
comment on function spillway.dataset_columns_document(spillway.datasets) is 'the columns of a dataset in their order: [{name, type, required}]';
