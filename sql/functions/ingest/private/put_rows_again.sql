create or replace function spillway.put_rows_again(
  p_run spillway.runs, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_errors bigint[]
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  c_segment constant smallint := 0;
  v_put bigint[] := '{0,0}';
  v_refused jsonb := '[]';
  v_now jsonb;
  v_rows bigint[];
  v_months date[];
  v_state text;
  v_message text;
begin
  while cardinality(p_offsets) > 0 loop
    begin
      v_put := spillway.put_rows(p_run, c_segment, p_schema_version, p_columns, p_offsets, p_rescued, true);
      exit;
    exception when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_state) then
        raise;
      end if;
    end;
    begin
      v_months := case when spillway.is_of_missing_month(v_state, v_message) then spillway.missing_months(p_run, p_columns) end;
      if v_months is null then
        v_now := spillway.find_refused_rows(p_run, c_segment, p_schema_version, p_columns, p_offsets, p_rescued, true, 1, v_state, v_message);
      end if;
    exception when sqlstate 'SWMON' then
      get stacked diagnostics v_message = pg_exception_detail;
      v_months := v_message::date[];
    end;
    if v_months is not null then
      v_message := spillway.add_partitions(p_run, v_months);
      if v_message is not null then
        raise exception using errcode = 'SW422', message = v_message;
      end if;
      continue;
    end if;
    -- Of what was one row of the file all rows are stored, or none.
    v_now := (
      select jsonb_agg(jsonb_build_object('id', r.id, 'message', r.message))
      from (select distinct on (1) p_errors[(r ->> 'row')::integer] as id, r ->> 'message' as message from jsonb_array_elements(v_now) r order by 1) as r);
    v_refused := v_refused || v_now;
    v_rows := array(
      select e.n from unnest(p_errors) with ordinality as e (id, n) where e.id in (select (r ->> 'id')::bigint from jsonb_array_elements(v_now) r));
    p_columns := array(select spillway.without_rows(c.c, v_rows) from unnest(p_columns) with ordinality as c (c, n) order by c.n);
    p_offsets := spillway.without_rows(p_offsets::text, v_rows)::bigint[];
    p_rescued := spillway.without_rows(p_rescued, v_rows);
    p_errors := spillway.without_rows(p_errors::text, v_rows)::bigint[];
  end loop;
  return jsonb_build_object('rows', cardinality(p_offsets), 'stored', v_put[1], 'updated', v_put[2], 'refused', v_refused);
end
$$;
comment on function spillway.put_rows_again(spillway.runs, integer, text[], bigint[], text, bigint[]) is
  'puts rows that were rejected before, p_errors being of each the error that it was, with the partitions that they need: {rows: how many, stored, updated, refused: [{id: of an error, message}]}. SW422 where there would be too many partitions';
