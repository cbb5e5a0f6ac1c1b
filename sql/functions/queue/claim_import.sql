create or replace function spillway.claim_import(p_lease interval, p_parallelism integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_now timestamptz;
  v_free bigint;
  v_queue spillway.import_queue;
  v_attempt integer;
begin
  -- One claim at a time, so that p_parallelism is strict; a claim takes a millisecond.
  perform pg_advisory_xact_lock(hashtextextended('spillway.claim_import', 0));
  perform spillway.end_dead_imports();
  -- Not now(): that was before the wait for the lock.
  v_now := clock_timestamp();
  v_free := p_parallelism - (select count(*) from spillway.import_queue q where q.claimed and q.available_at > v_now);
  -- One more than there may be, for a workspace of which nothing is worked on: nobody waits for the turns of another's imports, however long they take.
  if v_free > 0 or v_free = 0 and p_parallelism > 0 then
    -- In the order of the index, past what others hold.
    select q.* into v_queue from spillway.import_queue q
    where q.admitted and q.available_at <= v_now
      and (select w.removed_at from spillway.workspaces w where w.id = q.workspace_id) is null
      and not spillway.is_before_removal(q.workspace_id, q.import_id)
      and (v_free > 0 or not exists (
        select from spillway.import_queue c where c.workspace_id = q.workspace_id and c.claimed and c.available_at > v_now))
    order by q.turn_at, q.priority, q.import_id, q.segment
    limit 1
    for no key update skip locked;
  end if;
  if v_queue.import_id is null then
    -- What waits all the same is locked at the moment.
    return jsonb_build_object('claim', null,
      'more', v_free > 0 and exists (select from spillway.import_queue q where q.admitted and q.available_at <= v_now));
  end if;
  update spillway.imports i
  set state = 'running', stage = case when i.stage = 'queued' then 'parsing' else i.stage end, attempt = i.attempt + 1,
    started_at = coalesce(i.started_at, v_now), updated_at = v_now, version = i.version + 1
  where i.workspace_id = v_queue.workspace_id and i.id = v_queue.import_id
  returning i.attempt into v_attempt;
  update spillway.import_queue q
  set attempt = v_attempt, available_at = v_now + p_lease, claimed = true, turn_at = v_now,
    -- Random: the same number of an attempt is given twice where the database has lost the claim.
    fence = (random() * 2 ^ 48)::bigint,
    -- A lease that ran out is a drain that died.
    failures = q.failures + q.claimed::integer, stalled_at = coalesce(q.stalled_at, v_now)
  where q.import_id = v_queue.import_id and q.segment = v_queue.segment
  returning q.* into v_queue;
  -- The workspace has had its turn, with all that is its. One that is locked keeps an older turn: nobody waits here.
  with served as materialized (
    select w.id from spillway.workspaces w where w.id = v_queue.workspace_id for no key update skip locked
  )
  update spillway.workspaces w set served_at = v_now from served s where w.id = s.id;
  with waiting as materialized (
    select q.import_id, q.segment from spillway.import_queue q
    where q.workspace_id = v_queue.workspace_id and q.admitted and not q.claimed
    for no key update skip locked
  )
  update spillway.import_queue q set turn_at = v_now from waiting w where q.import_id = w.import_id and q.segment = w.segment;
  return jsonb_build_object('claim', spillway.claim_document(v_queue),
    'more', v_free > 1 and exists (select from spillway.import_queue q where q.admitted and q.available_at <= v_now));
end
$$;
comment on function spillway.claim_import(interval, integer) is
  'takes the segment of an import that is next to be worked on, for the time of the lease, with a new attempt number and a fence, which every later write must present; the workspace that was not served for the longest time comes first. {claim, more}; a claim with trial_failed is to be ended by fail_trial. claim is null where nothing waits, or p_parallelism are held already, or one more for a workspace of which none is; more says whether another drain would find work';
