create or replace function spillway.put_halves(
  p_run spillway.runs, p_unit spillway.unit, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_places boolean, p_state text,
  p_message text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_rows integer := cardinality(p_offsets);
  v_half integer[];
  v_columns text[];
  v_rescued text;
  v_counts jsonb := '{}';
  v_put bigint[];
  v_state text;
  v_message text;
begin
  if v_rows = 1 then
    if p_unit.keeps_errors then
      insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, excerpt)
      values (p_unit.workspace_id, p_unit.import_id, 'record', p_state, concat_ws(': ', p_unit.entry_name, left(p_message, 1000)), p_offsets[1], '')
      on conflict do nothing;
    end if;
    return jsonb_build_object('stored', 0, 'updated', 0, 'refused', 1, 'errors', jsonb_build_object(p_state, 1));
  end if;
  foreach v_half slice 1 in array array[array[1, v_rows / 2], array[v_rows / 2 + 1, v_rows]] loop
    -- As texts, since it may be a value that the database cannot read.
    v_columns := array(select ((c.c::text[])[v_half[1]:v_half[2]])::text from unnest(p_columns) with ordinality as c (c, n) order by c.n);
    v_rescued := ((p_rescued::text[])[v_half[1]:v_half[2]])::text;
    v_state := null;
    begin
      v_put := spillway.put_rows(p_run, p_unit.segment, p_schema_version, v_columns, p_offsets[v_half[1]:v_half[2]], v_rescued, p_places);
      v_counts := spillway.add_counts(v_counts, jsonb_build_object('stored', v_put[1], 'updated', v_put[2]));
    exception when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_state) then
        raise;
      end if;
    end;
    if v_state = '23514' and v_message like 'no partition of relation%' then
      -- All casts of this half have succeeded. Nothing of the batch stays: store_rows catches it.
      raise exception using errcode = 'SWMON', message = v_message, detail = spillway.missing_months(p_run, v_columns)::text;
    elsif v_state is not null then
      v_counts := spillway.add_counts(v_counts, spillway.put_halves(p_run, p_unit, p_schema_version, v_columns, p_offsets[v_half[1]:v_half[2]], v_rescued,
        p_places, v_state, v_message));
    end if;
  end loop;
  return v_counts;
end
$$;
comment on function spillway.put_halves(spillway.runs, spillway.unit, integer, text[], bigint[], text, boolean, text, text) is
  'puts the halves of what the database refused as a whole, and so on down to the rows that are to blame, which are noted as errors: {stored, updated, refused, errors: {SQLSTATE: number}}. SWMON where one of them needs a partition, with the missing months as its detail';
