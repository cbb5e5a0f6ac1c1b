create or replace function spillway.make_partitions(p_import uuid, p_attempt integer, p_months date[]) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_run spillway.runs;
  v_too_many text;
begin
  select r.* into v_run from spillway.import_queue q join spillway.runs r on r.workspace_id = q.workspace_id and r.import_id = q.import_id
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  v_too_many := spillway.add_partitions(v_run, p_months);
  return jsonb_strip_nulls(jsonb_build_object('state', 'running', 'too_many', v_too_many));
end
$$;
comment on function spillway.make_partitions(uuid, integer, date[]) is
  'makes partitions for these months in the table that an import fills, for whoever was told by ingest_rows; stale where the attempt is over, too_many: why there can be no more';
