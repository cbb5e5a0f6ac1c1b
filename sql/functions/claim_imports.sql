create or replace function spillway.claim_imports(p_limit integer, p_lease interval) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_claims jsonb;
begin
  perform spillway.end_dead_imports();
  -- Lock and mark in one statement, in the order of the index, past what others hold.
  with candidates as materialized (
    select q.import_id
    from spillway.import_queue q
    where q.available_at <= now()
      and (select count(*) from spillway.import_queue r where r.workspace_id = q.workspace_id and r.claimed and r.available_at > now())
        < (select w.max_running_imports from spillway.workspaces w where w.id = q.workspace_id)
    order by q.priority, q.available_at, q.import_id
    limit p_limit
    for update of q skip locked
  ), claimed as (
    update spillway.import_queue q
    set attempt = q.attempt + 1, available_at = now() + p_lease, claimed = true,
      -- A lease that ran out is a drain that died.
      failures = q.failures + q.claimed::integer
    from candidates c
    where q.import_id = c.import_id
    returning q.workspace_id, q.import_id, q.attempt, q.priority
  ), started as (
    update spillway.imports i
    set state = 'running', stage = case when i.stage = 'queued' then 'parsing' else i.stage end, attempt = c.attempt,
      started_at = coalesce(i.started_at, now()), updated_at = now(), version = i.version + 1
    from claimed c
    where i.workspace_id = c.workspace_id and i.id = c.import_id
    returning c.priority, i.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'import_id', s.id, 'attempt', s.attempt, 'file_name', s.file_name, 'object_key', s.object_key, 'size_bytes', s.size_bytes,
      'format', s.format, 'bytes_read', s.bytes_read, 'checkpoint', translate(encode(s.checkpoint, 'base64'), E'\n', ''))
    order by s.priority, s.id), '[]')
  into v_claims from started s;
  return v_claims;
end
$$;
comment on function spillway.claim_imports(integer, interval) is
  'takes up to so many imports that may be worked on, for the time of the lease, each with a new attempt number that every later write must present';
