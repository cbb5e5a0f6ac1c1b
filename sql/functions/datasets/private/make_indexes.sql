create or replace function spillway.make_indexes(p_dataset spillway.datasets, p_generation integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_index record;
begin
  for v_index in
    -- Named after what it is: what is there already is known by its name.
    select left(md5(i.index::text), 16) as name, i.index ->> 'kind' as kind, (select string_agg(quote_ident(c), ', ' order by k) from jsonb_array_elements_text(i.index -> 'columns')
      with ordinality as c (c, k)) as columns
    from jsonb_array_elements(p_dataset.indexes) as i (index)
  loop
    execute format('create index if not exists d%s_g%s_i%s on %s using %s (%s)', p_dataset.id, p_generation, v_index.name,
      spillway.data_table(p_dataset.id, p_generation), v_index.kind, v_index.columns);
  end loop;
end
$$;
comment on function spillway.make_indexes(spillway.datasets, integer) is 'makes the indexes of a generation of a dataset that it does not have yet';
