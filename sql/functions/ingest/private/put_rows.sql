create or replace function spillway.put_rows(
  p_run spillway.runs, p_segment smallint, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_places boolean
) returns bigint[]
language plpgsql volatile set search_path = ''
as $$
declare
  v_put bigint[];
begin
  execute 'select ' || spillway.put_function(p_run.dataset_id, p_run.generation, p_schema_version) || '($1, $2, $3, $4, $5, $6)'
  into v_put using p_columns, p_offsets, p_rescued, p_run.run, p_segment, p_places;
  return v_put;
end
$$;
comment on function spillway.put_rows(spillway.runs, smallint, integer, text[], bigint[], text, boolean) is
  'puts the rows of a batch into their dataset: {stored, updated}';
