create or replace function spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_units integer;
  v_state text;
  v_message text;
begin
  begin
    return spillway.ingest_records(p_workspace, p_import, p_batch);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    -- Only what a record can be to blame for: data (22), constraints (23), limits of a row (54), a trigger's refusal (P0001).
    if v_state !~ '^(22|23|54|P0001)' then
      raise;
    end if;
  end;
  v_units := (spillway.batch_slice(p_batch, 1, 2147483647) ->> 'units')::integer;
  if v_units <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, v_state, v_message);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, 1, v_units / 2)),
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, v_units / 2 + 1, v_units)));
end
$$;
comment on function spillway.ingest_isolating(integer, uuid, jsonb) is
  'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';
