create or replace function spillway.store_rows(
  p_unit spillway.unit, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_problems jsonb, p_counts jsonb
) returns date[]
language plpgsql volatile set search_path = ''
as $$
declare
  v_run spillway.runs;
  v_rows integer := coalesce(cardinality(p_offsets), 0);
  v_places boolean;
  v_put bigint[] := '{0,0}';
  v_refused jsonb := '{}';
  v_state text;
  v_message text;
begin
  select r.* into strict v_run from spillway.runs r where r.workspace_id = p_unit.workspace_id and r.import_id = p_unit.import_id;
  if v_rows > 0 then
    v_places := spillway.may_meet_older_rows(v_run, p_unit.segment);
    begin
      v_put := spillway.put_rows(v_run, p_unit.segment, p_schema_version, p_columns, p_offsets, p_rescued, v_places);
    exception when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_state) then
        raise;
      end if;
    end;
    if spillway.is_of_missing_month(v_state, v_message) then
      return spillway.missing_months(v_run, p_columns);
    elsif v_state is not null then
      begin
        v_refused := spillway.put_accepted_rows(v_run, p_unit, p_schema_version, p_columns, p_offsets, p_rescued, v_places,
          p_counts -> 'lines', v_state, v_message);
      exception when sqlstate 'SWMON' then
        get stacked diagnostics v_message = pg_exception_detail;
        return v_message::date[];
      end;
      v_put := array[(v_refused ->> 'stored')::bigint, (v_refused ->> 'updated')::bigint];
    end if;
  end if;
  update spillway.runs r
  set rows_read = r.rows_read + (p_counts ->> 'read')::bigint, rows_filtered = r.rows_filtered + (p_counts ->> 'filtered')::bigint,
    rows_rejected = r.rows_rejected + (p_counts ->> 'rejected')::bigint + coalesce((v_refused ->> 'refused')::bigint, 0),
    rows_stored = r.rows_stored + v_put[1], rows_updated = r.rows_updated + v_put[2],
    rows_unchanged = r.rows_unchanged + v_rows - v_put[1] - v_put[2] - coalesce((v_refused ->> 'refused')::bigint, 0),
    values_rescued = r.values_rescued + (p_counts ->> 'rescued')::bigint,
    unknown_columns = case when p_counts ? 'unknown'
      then array(select distinct unnest(r.unknown_columns || array(select jsonb_array_elements_text(p_counts -> 'unknown'))) order by 1 limit spillway.max_columns())
      else r.unknown_columns end
  where r.workspace_id = p_unit.workspace_id and r.import_id = p_unit.import_id;
  if v_refused ? 'errors' or jsonb_array_length(p_problems) > 0 then
    perform spillway.add_import_counts(p_unit.workspace_id, p_unit.import_id, spillway.add_counts(
      jsonb_build_object('errors', coalesce(v_refused -> 'errors', '{}')),
      spillway.note_problems(p_unit.workspace_id, p_unit.import_id, p_problems, p_unit.keeps_errors, p_unit.entry_name, p_unit.entry_starts_at)));
  end if;
  return null;
end
$$;
comment on function spillway.store_rows(spillway.unit, integer, text[], bigint[], text, jsonb, jsonb) is
  'stores a batch of rows with its problems and counts; gives the months for which partitions are to be made first, and then has stored nothing, else null';
