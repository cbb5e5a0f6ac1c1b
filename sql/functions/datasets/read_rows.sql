create or replace function spillway.read_rows(
  p_workspace integer, p_name text, p_columns text[], p_where jsonb, p_after jsonb, p_limit integer
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = '' set timezone = 'UTC' set extra_float_digits = 1
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
  v_page spillway.page;
begin
  if p_after is not null and (p_after -> 'generation')::integer <> v_dataset.generation then
    raise exception using errcode = 'SW409', message = 'the rows of the dataset were replaced since this page began; begin again without a cursor';
  end if;
  if cardinality(v_dataset.key) > 0 then
    v_page := spillway.read_rows_by_key(v_dataset, p_columns, p_where, p_after -> 'key', p_limit);
  else
    v_page := spillway.read_rows_by_place(v_dataset, p_columns, p_where, p_after, p_limit);
  end if;
  return v_page;
exception when data_exception then
  raise exception using errcode = 'SW400', message = 'a value in where is none of its column''s type, or the cursor is none of this list';
end
$$;
comment on function spillway.read_rows(integer, text, text[], jsonb, jsonb, integer) is
  'a page of the rows of a dataset that pass all filters (see where_text), with these columns or all (null): in the order of the key, without one in that in which they were stored. It goes on after a place that a page before ended at. Where no index leads to what is asked for, a page ends early, perhaps without a row, when much was looked at. SW404 where there is no such dataset, SW400 where it has no such column, SW409 where all rows were replaced since the place was given';
