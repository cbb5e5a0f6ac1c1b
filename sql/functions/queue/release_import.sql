create or replace function spillway.release_import(p_import uuid, p_attempt integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update spillway.import_queue set claimed = false, available_at = clock_timestamp()
  where import_id = p_import and attempt = p_attempt and claimed and (stalled_at is null or stalled_at > now() - spillway.max_stall());
  if found then
    return jsonb_build_object('state', 'released');
  end if;
  -- Stale, or it has yielded for half an hour without getting any further.
  return spillway.fail_import(p_import, p_attempt, jsonb_build_object(
    'code', 'no_progress', 'message', format('the import got no further for %s', spillway.max_stall())), false);
end
$$;
comment on function spillway.release_import(uuid, integer) is
  'gives a segment of an import back with its place kept, at once and without counting a failure; stale where the attempt is over, failed where it got no further for max_stall()';
