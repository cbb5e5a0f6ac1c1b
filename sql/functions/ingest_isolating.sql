create or replace function spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb, p_keep_errors boolean) returns jsonb
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
    if not spillway.is_of_record(v_state) then
      raise;
    end if;
  end;
  v_units := (spillway.batch_slice(p_batch, 1, 2147483647) ->> 'units')::integer;
  if v_units <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, v_state, v_message, p_keep_errors);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, 1, v_units / 2), p_keep_errors),
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, v_units / 2 + 1, v_units), p_keep_errors));
end
$$;
comment on function spillway.ingest_isolating(integer, uuid, jsonb, boolean) is
  'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';
