create or replace function spillway.put_halves(
  p_run spillway.runs, p_unit spillway.unit, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_from integer, p_to integer,
  p_places boolean, p_state text, p_message text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_middle integer := (p_from + p_to) / 2;
  v_half integer[];
  v_counts jsonb := '{}';
  v_put bigint[];
  v_state text;
  v_message text;
begin
  if p_from = p_to then
    if p_unit.keeps_errors then
      insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, excerpt)
      values (p_unit.workspace_id, p_unit.import_id, 'row', p_state, concat_ws(': ', p_unit.entry_name, left(p_message, 1000)), p_offsets[p_from], '')
      on conflict do nothing;
    end if;
    return jsonb_build_object('stored', 0, 'updated', 0, 'refused', 1, 'errors', jsonb_build_object(p_state, 1));
  end if;
  foreach v_half slice 1 in array array[array[p_from, v_middle], array[v_middle + 1, p_to]] loop
    v_state := null;
    begin
      v_put := spillway.put_rows(p_run, p_unit.segment, p_schema_version, p_columns, p_offsets, p_rescued, v_half[1], v_half[2], p_places);
      v_counts := spillway.add_counts(v_counts, jsonb_build_object('stored', v_put[1], 'updated', v_put[2]));
    exception when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_state) then
        raise;
      end if;
    end;
    if v_state is not null then
      v_counts := spillway.add_counts(v_counts, spillway.put_halves(p_run, p_unit, p_schema_version, p_columns, p_offsets, p_rescued, v_half[1], v_half[2],
        p_places, v_state, v_message));
    end if;
  end loop;
  return v_counts;
end
$$;
comment on function spillway.put_halves(spillway.runs, spillway.unit, integer, text[], bigint[], text, integer, integer, boolean, text, text) is
  'puts the halves of what the database refused as a whole, and so on down to the rows that are to blame, which are noted as errors: {stored, updated, refused, errors: {SQLSTATE: number}}';
