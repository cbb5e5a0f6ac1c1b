create or replace function spillway.put_accepted_rows(
  p_run spillway.runs, p_unit spillway.unit, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_places boolean, p_lines jsonb,
  p_state text, p_message text
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  c_excerpt constant integer := 65536;
  v_refused jsonb := spillway.find_refused_rows(p_run, p_unit.segment, p_schema_version, p_columns, p_offsets, p_rescued, p_places, 1, p_state, p_message);
  v_rows bigint[] := array(select (r ->> 'row')::bigint from jsonb_array_elements(v_refused) r);
  v_put bigint[] := '{0,0}';
begin
  if p_unit.keeps_errors then
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, excerpt)
    select p_unit.workspace_id, p_unit.import_id, 'record', r.code, concat_ws(': ', p_unit.entry_name, left(r.message, 1000)), p_offsets[r.row],
      (select (l ->> 1)::bigint + r.row - (l ->> 0)::bigint from jsonb_array_elements(p_lines) l where (l ->> 0)::bigint <= r.row
        order by (l ->> 0)::bigint desc limit 1),
      (select left(json_object_agg(c.name, (p_columns[c.ordinal]::text[])[r.row] order by c.ordinal)::text, c_excerpt) from spillway.dataset_columns c
        where c.workspace_id = p_run.workspace_id and c.dataset_id = p_run.dataset_id and c.ordinal <= cardinality(p_columns))
    from jsonb_to_recordset(v_refused) as r ("row" integer, code text, message text)
    on conflict do nothing;
  end if;
  if cardinality(v_rows) < cardinality(p_offsets) then
    v_put := spillway.put_rows(p_run, p_unit.segment, p_schema_version,
      array(select spillway.without_rows(c.c, v_rows) from unnest(p_columns) with ordinality as c (c, n) order by c.n),
      spillway.without_rows(p_offsets::text, v_rows)::bigint[], spillway.without_rows(p_rescued, v_rows), p_places);
  end if;
  return jsonb_build_object('stored', v_put[1], 'updated', v_put[2], 'refused', cardinality(v_rows), 'errors', (
    select coalesce(jsonb_object_agg(e.code, e.count), '{}')
    from (select r ->> 'code' as code, count(*) from jsonb_array_elements(v_refused) r group by r ->> 'code') as e));
end
$$;
comment on function spillway.put_accepted_rows(spillway.runs, spillway.unit, integer, text[], bigint[], text, boolean, jsonb, text, text) is
  'puts what the database refused as a whole, but for the rows that are to blame, which are noted as errors, each with its line and the values that were to be stored: {stored, updated, refused, errors: {SQLSTATE: number}}. SWMON as find_refused_rows';
