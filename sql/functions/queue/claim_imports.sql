create or replace function spillway.claim_imports(p_limit integer, p_lease interval, p_parallelism integer) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_now timestamptz;
  v_free bigint;
  v_imports uuid[];
  v_segments smallint[];
  v_workspaces integer[];
begin
  -- One claim at a time, so that p_parallelism is strict; a claim takes a millisecond.
  perform pg_advisory_xact_lock(hashtextextended('spillway.claim_imports', 0));
  perform spillway.end_dead_imports();
  -- Not now(): that was before the wait for the lock.
  v_now := clock_timestamp();
  v_free := p_parallelism - (select count(*) from spillway.import_queue q where q.claimed and q.available_at > v_now);
  -- Lock and mark in one statement, in the order of the index, past what others hold.
  with candidates as materialized (
    select q.workspace_id, q.import_id, q.segment, q.turn_at, q.priority
    from spillway.import_queue q
    where q.admitted and q.available_at <= v_now
    order by q.turn_at, q.priority, q.import_id, q.segment
    limit greatest(least(p_limit, v_free), 0)
    for no key update of q skip locked
  ), numbered as (
    select c.import_id, c.segment, i.attempt + row_number() over (partition by c.import_id order by c.segment) as attempt,
      row_number() over (order by c.turn_at, c.priority, c.import_id, c.segment) as n
    from candidates c join spillway.imports i on i.workspace_id = c.workspace_id and i.id = c.import_id
  ), claimed as (
    update spillway.import_queue q
    set attempt = n.attempt, available_at = v_now + p_lease, claimed = true, turn_at = v_now,
      -- Random: the same number of an attempt is given twice where the database has lost the claim.
      fence = (random() * 2 ^ 48)::bigint,
      -- A lease that ran out is a drain that died.
      failures = q.failures + q.claimed::integer, stalled_at = coalesce(q.stalled_at, v_now)
    from numbered n
    where q.import_id = n.import_id and q.segment = n.segment
    returning q.workspace_id, q.import_id, q.segment, q.attempt, n.n
  ), started as (
    update spillway.imports i
    set state = 'running', stage = case when i.stage = 'queued' then 'parsing' else i.stage end, attempt = c.attempt,
      started_at = coalesce(i.started_at, v_now), updated_at = v_now, version = i.version + 1
    from (select workspace_id, import_id, max(attempt) as attempt from claimed group by workspace_id, import_id) as c
    where i.workspace_id = c.workspace_id and i.id = c.import_id
  )
  select array_agg(import_id order by n), array_agg(segment order by n), array_agg(distinct workspace_id)
  into v_imports, v_segments, v_workspaces from claimed;
  -- The workspaces have had their turn, with all that is theirs. Who is locked keeps an older turn: nobody waits here for a long closing.
  with served as materialized (
    select w.id from spillway.workspaces w where w.id = any (v_workspaces) for no key update skip locked
  )
  update spillway.workspaces w set served_at = v_now from served s where w.id = s.id;
  with waiting as materialized (
    select q.import_id, q.segment from spillway.import_queue q
    where q.workspace_id = any (v_workspaces) and q.admitted and not q.claimed
    for no key update skip locked
  )
  update spillway.import_queue q set turn_at = v_now from waiting w where q.import_id = w.import_id and q.segment = w.segment;
  return jsonb_build_object(
    'claims', spillway.claim_documents(v_imports, v_segments),
    'more', v_free > coalesce(cardinality(v_imports), 0)
      and exists (select from spillway.import_queue q where q.admitted and q.available_at <= v_now));
end
$$;
comment on function spillway.claim_imports(integer, interval, integer) is
  'takes up to p_limit segments of imports that may be worked on, for the time of the lease, each with a new attempt number and a fence, which every later write must present; the workspace that was not served for the longest time comes first. Gives none where p_parallelism are held already; more says whether another drain would find work';
