create or replace function spillway.find_refused_rows(
  p_run spillway.runs, p_segment smallint, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_places boolean, p_first integer,
  p_state text, p_message text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_rows integer := cardinality(p_offsets);
  v_half integer[];
  v_columns text[];
  v_rescued text;
  v_refused jsonb := '[]';
  v_state text;
  v_message text;
begin
  if v_rows = 1 then
    return jsonb_build_array(jsonb_build_object('row', p_first, 'code', p_state, 'message', p_message));
  end if;
  foreach v_half slice 1 in array array[array[1, v_rows / 2], array[v_rows / 2 + 1, v_rows]] loop
    -- As texts, since it may be a value that the database cannot read.
    v_columns := array(select ((c.c::text[])[v_half[1]:v_half[2]])::text from unnest(p_columns) with ordinality as c (c, n) order by c.n);
    v_rescued := ((p_rescued::text[])[v_half[1]:v_half[2]])::text;
    begin
      perform spillway.put_rows(p_run, p_segment, p_schema_version, v_columns, p_offsets[v_half[1]:v_half[2]], v_rescued, p_places);
      -- They are taken back, with their locks: rows of a key are put in one order, which the halves of a batch do not have.
      raise exception using errcode = 'SWPUT';
    exception when sqlstate 'SWPUT' then
      continue;
    when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_state) then
        raise;
      end if;
    end;
    if spillway.is_of_missing_month(v_state, v_message) then
      -- All values of this half could be read.
      raise exception using errcode = 'SWMON', message = v_message, detail = spillway.missing_months(p_run, v_columns)::text;
    end if;
    v_refused := v_refused || spillway.find_refused_rows(p_run, p_segment, p_schema_version, v_columns, p_offsets[v_half[1]:v_half[2]], v_rescued, p_places,
      p_first + v_half[1] - 1, v_state, v_message);
  end loop;
  return v_refused;
end
$$;
comment on function spillway.find_refused_rows(spillway.runs, smallint, integer, text[], bigint[], text, boolean, integer, text, text) is
  'which rows of a batch the database refuses, p_first being the number of its first and the last two why it refuses the whole: [{row, code, message}]; tries halves, and so on down to the rows that are to blame, and stores nothing. SWMON where a partition is to be made first, with the missing months as its detail';
