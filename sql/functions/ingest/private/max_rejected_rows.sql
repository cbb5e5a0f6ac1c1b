create or replace function spillway.max_rejected_rows(p_run spillway.runs) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
  v_limit jsonb := (
    select m.document -> 'max_rejects' from spillway.mappings m
    where m.workspace_id = p_run.workspace_id and m.dataset_id = p_run.dataset_id and m.number = p_run.mapping_number);
begin
  -- The share counts only from the trial on: one bad row at the start is not all of the file.
  return least(coalesce((v_limit ->> 'rows')::bigint, 9223372036854775807), case
    when v_limit -> 'share' is null or p_run.rows_read < spillway.trial_records() then 9223372036854775807
    else floor((v_limit ->> 'share')::numeric * p_run.rows_read)::bigint end);
end
$$;
comment on function spillway.max_rejected_rows(spillway.runs) is 'how many rows of an import may be rejected, as its mapping says, with the rows that are read by now';
