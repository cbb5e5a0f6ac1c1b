create or replace function spillway.end_dead_imports() returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_dead record;
  v_count integer := 0;
begin
  for v_dead in
    select q.import_id, q.attempt from spillway.import_queue q
    where q.claimed and q.available_at <= now()
      and (q.failures >= spillway.max_failures() - 1 or q.stalled_at < now() - spillway.max_stall())
    order by q.available_at limit 100
    for no key update skip locked
  loop
    perform spillway.fail_import(v_dead.import_id, v_dead.attempt, jsonb_build_object(
      'code', 'no_progress', 'message', 'the import was given up: whoever worked on it ended again and again without an answer'), false);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function spillway.end_dead_imports() is 'fails the imports whose drain died too often, or that are worked on for too long, without progress';
