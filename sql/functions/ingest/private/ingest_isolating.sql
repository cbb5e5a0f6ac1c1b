create or replace function spillway.ingest_isolating(
  p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_keep_errors boolean
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_state text;
  v_message text;
  v_rows spillway.new_occurrence[];
  v_half integer;
  v_ones spillway.occurrence_columns;
  v_others spillway.occurrence_columns;
  v_first jsonb;
  v_second jsonb;
  v_bare jsonb;
begin
  begin
    return spillway.ingest_records(p_workspace, p_import, p_batch, p_occurrences);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if not spillway.is_of_record(v_state) then
      raise;
    end if;
  end;
  -- The halves are stored one after the other: in no order that others could keep to. What the whole batch had locked went with it.
  perform spillway.lock_storing(p_workspace, true);
  v_rows := array(select spillway.rows_of(p_occurrences));
  v_half := (cardinality(v_rows) + 1) / 2;
  v_ones := spillway.columns_of(v_rows[:v_half]);
  v_others := spillway.columns_of(v_rows[v_half + 1:]);
  -- Assets without an occurrence are units of their own, and come last.
  select coalesce(jsonb_agg(a order by n), '[]') into v_bare from jsonb_array_elements(p_batch -> 'assets') with ordinality as x (a, n)
  where (a ->> 'id')::uuid not in (select o.asset_id from unnest(v_rows) o);
  if cardinality(v_rows) + jsonb_array_length(v_bare) <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, p_occurrences, v_state, v_message, p_keep_errors);
  end if;
  if v_half > 0 then
    v_first := spillway.batch_part(p_batch, v_ones);
    v_second := spillway.batch_part(p_batch, v_others);
    v_second := jsonb_set(v_second, '{assets}', (v_second -> 'assets') || v_bare);
  else
    v_half := jsonb_array_length(v_bare) / 2;
    select jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n <= v_half)),
      jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n > v_half))
    into v_first, v_second
    from jsonb_array_elements(v_bare) with ordinality as x (a, n);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, v_first, v_ones, p_keep_errors),
    spillway.ingest_isolating(p_workspace, p_import, v_second, v_others, p_keep_errors));
end
$$;
comment on function spillway.ingest_isolating(integer, uuid, jsonb, spillway.occurrence_columns, boolean) is
  'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';
