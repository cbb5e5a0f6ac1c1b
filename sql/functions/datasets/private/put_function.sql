create or replace function spillway.put_function(p_dataset integer, p_generation integer, p_schema_version integer) returns text
language sql immutable parallel safe set search_path = ''
as $$ select format('spillway_data.put_d%s_g%s_v%s', p_dataset, p_generation, p_schema_version) $$;
comment on function spillway.put_function(integer, integer, integer) is
  'the name of the function that puts rows with the columns of a version into a generation of a dataset; it needs no quotes';
