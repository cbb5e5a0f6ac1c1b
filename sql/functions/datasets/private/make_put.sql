create or replace function spillway.make_put(p_dataset spillway.datasets, p_generation integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_columns text;
  v_arrays text;
  v_names text;
  v_values text;
  v_key text;
  v_key_names text;
  v_set text;
  v_old text;
  v_new text;
  v_body text;
begin
  select string_agg(quote_ident(c.name), ', ' order by c.ordinal), string_agg(format('p_columns[%s]::%s[]', c.ordinal, c.type), ', ' order by c.ordinal),
    string_agg('c' || c.ordinal, ', ' order by c.ordinal), string_agg('u.c' || c.ordinal, ', ' order by c.ordinal),
    string_agg(quote_ident(c.name), ', ' order by c.ordinal) filter (where c.name = any (p_dataset.key)),
    string_agg('c' || c.ordinal, ', ' order by c.ordinal) filter (where c.name = any (p_dataset.key)),
    coalesce(string_agg(format('%1$I = excluded.%1$I, ', c.name), '' order by c.ordinal) filter (where c.name <> all (p_dataset.key)), ''),
    coalesce(string_agg(format('t.%I, ', c.name), '' order by c.ordinal) filter (where c.name <> all (p_dataset.key)), ''),
    coalesce(string_agg(format('excluded.%I, ', c.name), '' order by c.ordinal) filter (where c.name <> all (p_dataset.key)), '')
  into strict v_columns, v_arrays, v_names, v_values, v_key, v_key_names, v_set, v_old, v_new
  from spillway.dataset_columns c where c.workspace_id = p_dataset.workspace_id and c.dataset_id = p_dataset.id;
  -- As a whole and quoted: names of columns may hold whatever would end a body in dollars.
  v_body := format(case when v_key is null then $append$
    declare
      v_stored bigint;
    begin
      insert into %1$s (%2$s, _run, _segment, _offset, _rescued)
      select %3$s, p_run, p_segment, u.o, u.r::jsonb
      from unnest(%4$s, p_offsets, p_rescued::text[]) as u (%5$s, o, r);
      get diagnostics v_stored = row_count;
      return array[v_stored, 0];
    end
  $append$ else $merge$
    declare
      v_counts bigint[];
    begin
      with put as (
        insert into %1$s as t (%2$s, _run, _segment, _offset, _rescued)
        select %3$s, p_run, p_segment, u.o, u.r::jsonb
        from (
          select distinct on (%7$s) u.*
          from unnest(%4$s, p_offsets, p_rescued::text[]) as u (%5$s, o, r)
          order by %7$s, o desc
        ) as u
        on conflict (%6$s) do update
        set %8$s_run = excluded._run, _segment = excluded._segment, _offset = excluded._offset, _rescued = excluded._rescued, _updates = t._updates + 1
        where (t._run, t._offset) < (excluded._run, excluded._offset)
          and (p_places or (%9$st._rescued) is distinct from (%10$sexcluded._rescued))
        returning t._updates
      )
      select array[count(*) filter (where _updates = 0), count(*) filter (where _updates > 0)] into v_counts from put;
      return v_counts;
    end
  $merge$ end, spillway.data_table(p_dataset.id, p_generation), v_columns, v_values, v_arrays, v_names, v_key, v_key_names, v_set, v_old, v_new);
  execute format('create or replace function %s(p_columns text[], p_offsets bigint[], p_rescued text, p_run integer, p_segment smallint, p_places boolean)
    returns bigint[] language plpgsql volatile set search_path = '''' as %L',
    spillway.put_function(p_dataset.id, p_generation, p_dataset.schema_version), v_body);
end
$$;
-- Columns come as arrays in their text form: one value a column costs host and database less than one an element, and so all these functions have the same
-- parameters. What is there as it came is not written, unless other parts of the file or earlier imports may still bring an older row of the same key
-- (p_places, see may_meet_older_rows). Rows are put in the order of their keys, of which each is locked: so does everybody who puts rows into the dataset. Only _updates
-- tells, of a table in partitions, too, what was there before (xmax does not).
comment on function spillway.make_put(spillway.datasets, integer) is
  'makes the function that puts rows into a generation of a dataset: (columns as texts of arrays, in their order; offsets; what was rescued, as the text of an array, or null; run; segment; whether the places of unchanged rows are written, too), which gives {stored, updated}';
