create or replace function spillway.data_table(p_dataset integer, p_generation integer) returns text
language sql immutable parallel safe set search_path = ''
as $$ select format('spillway_data.d%s_g%s', p_dataset, p_generation) $$;
comment on function spillway.data_table(integer, integer) is 'the name of the table of a generation of a dataset, which needs no quotes';
