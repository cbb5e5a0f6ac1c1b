create or replace function spillway.release_import(p_import uuid, p_attempt integer) returns jsonb
language sql volatile set search_path = ''
as $$
  with released as (
    update spillway.import_queue set claimed = false, available_at = now()
    where import_id = p_import and attempt = p_attempt and claimed
    returning import_id
  )
  select jsonb_build_object('state', case when exists (select from released) then 'released' else 'stale' end)
$$;
comment on function spillway.release_import(uuid, integer) is
  'gives an import back with its place kept, at once and without counting a failure; stale where the attempt is over';
