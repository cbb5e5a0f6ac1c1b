create or replace function spillway.ingest_halves(
  p_workspace integer, p_import uuid, p_rows jsonb, p_code text, p_message text, p_keep_errors boolean, p_most integer
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_units integer := spillway.batch_units(p_rows);
  v_half integer := (v_units + 1) / 2;
  v_refused bigint := 0;
  v_part jsonb;
  v_counts jsonb := '{}';
begin
  if v_units <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_rows, p_code, p_message, p_keep_errors);
  end if;
  foreach v_part in array array[spillway.batch_part(p_rows, 0, v_half), spillway.batch_part(p_rows, v_half, v_units)] loop
    exit when v_refused > p_most;
    v_counts := spillway.add_counts(v_counts, spillway.ingest_isolating(p_workspace, p_import, v_part -> 'assets',
      spillway.findings_of(v_part -> 'findings'), spillway.occurrences_of(v_part -> 'occurrences'), p_keep_errors,
      (p_most - v_refused)::integer));
    v_refused := spillway.refused_records(v_counts -> 'errors');
  end loop;
  return v_counts;
end
$$;
comment on function spillway.ingest_halves(integer, uuid, jsonb, text, text, boolean, integer) is
  'stores each half of a batch that the database refused, as rows {assets, findings, occurrences}, unless more than p_most records were refused by then; notes one record as an error';
