create or replace function spillway.ingest_isolating(
  p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.new_occurrence[], p_keep_errors boolean
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_state text;
  v_message text;
  v_half integer := (cardinality(p_occurrences) + 1) / 2;
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
  -- Assets without an occurrence are units of their own, and come last.
  select coalesce(jsonb_agg(a order by n), '[]') into v_bare from jsonb_array_elements(p_batch -> 'assets') with ordinality as x (a, n)
  where (a ->> 'id')::uuid not in (select o.asset_id from unnest(p_occurrences) o);
  if cardinality(p_occurrences) + jsonb_array_length(v_bare) <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, p_occurrences, v_state, v_message, p_keep_errors);
  end if;
  if v_half > 0 then
    v_first := spillway.batch_part(p_batch, p_occurrences[:v_half]);
    v_second := spillway.batch_part(p_batch, p_occurrences[v_half + 1:]);
    v_second := jsonb_set(v_second, '{assets}', (v_second -> 'assets') || v_bare);
  else
    v_half := jsonb_array_length(v_bare) / 2;
    select jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n <= v_half)),
      jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n > v_half))
    into v_first, v_second
    from jsonb_array_elements(v_bare) with ordinality as x (a, n);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, v_first, p_occurrences[:v_half], p_keep_errors),
    spillway.ingest_isolating(p_workspace, p_import, v_second, p_occurrences[v_half + 1:], p_keep_errors));
end
$$;
comment on function spillway.ingest_isolating(integer, uuid, jsonb, spillway.new_occurrence[], boolean) is
  'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';
