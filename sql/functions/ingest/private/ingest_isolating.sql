create or replace function spillway.ingest_isolating(
  p_workspace integer, p_import uuid, p_assets jsonb, p_findings spillway.finding_columns, p_occurrences spillway.occurrence_columns, p_keep_errors boolean,
  p_most integer
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_state text;
  v_message text;
begin
  begin
    return spillway.ingest_records(p_workspace, p_import, p_assets, p_findings, p_occurrences);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if not spillway.is_of_record(v_state) then
      raise;
    end if;
  end;
  -- The halves are stored one after the other: in no order that others could keep to. What the whole batch had locked went with it.
  perform spillway.lock_storing(p_workspace, true);
  return spillway.ingest_halves(p_workspace, p_import, jsonb_build_object('assets', p_assets, 'findings', spillway.rows_of(to_jsonb(p_findings)),
    'occurrences', spillway.rows_of(to_jsonb(p_occurrences))), v_state, v_message, p_keep_errors, p_most);
end
$$;
comment on function spillway.ingest_isolating(integer, uuid, jsonb, spillway.finding_columns, spillway.occurrence_columns, boolean, integer) is
  'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors; beyond p_most of them nothing more is tried';
