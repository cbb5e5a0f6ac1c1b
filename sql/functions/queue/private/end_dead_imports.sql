create or replace function spillway.end_dead_imports() returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  c_pause constant interval := interval '10 minutes';
  v_import uuid;
  v_attempt integer;
  v_locked integer;
  v_count integer := 0;
begin
  for v_import in
    select distinct on (q.available_at, q.import_id) q.import_id from spillway.import_queue q
    where q.claimed and q.available_at <= now()
      and (q.failures >= spillway.max_failures() - 1 or q.stalled_at < now() - spillway.max_stall())
    order by q.available_at, q.import_id limit 100
  loop
    -- Past what others hold: who does is at work on it, and the next claim looks again. So this waits for nobody, and may lock one import after the other.
    select count(*) into v_locked
    from (select from spillway.import_queue q where q.import_id = v_import order by q.segment for update skip locked) as q;
    continue when v_locked < (select count(*) from spillway.import_queue q where q.import_id = v_import);
    -- One of its segments may have got further meanwhile.
    select q.attempt into v_attempt from spillway.import_queue q
    where q.import_id = v_import and q.claimed and q.available_at <= now()
      and (q.failures >= spillway.max_failures() - 1 or q.stalled_at < now() - spillway.max_stall())
    limit 1;
    continue when not found;
    begin
      perform spillway.fail_import(v_import, v_attempt, jsonb_build_object(
        'code', 'no_progress', 'message', 'the import was given up: whoever worked on it ended again and again without an answer'), false);
      v_count := v_count + 1;
    exception when others then
      -- What is wrong with one import keeps nobody from the others: it is looked at again after a while.
      raise warning 'the import % could not be ended: % (%)', v_import, sqlerrm, sqlstate;
      update spillway.import_queue q set available_at = now() + c_pause where q.import_id = v_import and q.claimed and q.available_at <= now();
    end;
  end loop;
  return v_count;
end
$$;
comment on function spillway.end_dead_imports() is 'fails the imports of which a drain died too often, or that are worked on for too long, without progress';
