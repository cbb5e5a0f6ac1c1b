create or replace function spillway.end_dead_imports() returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_dead record;
  v_count integer := 0;
begin
  for v_dead in
    select q.import_id, q.attempt from spillway.import_queue q
    where q.claimed and q.available_at <= now() and q.failures >= spillway.max_failures() - 1
    order by q.available_at limit 100
    for update skip locked
  loop
    perform spillway.fail_import(v_dead.import_id, v_dead.attempt, jsonb_build_object(
      'code', 'no_progress', 'message', format('%s attempts ended without an answer; the last lease ran out', spillway.max_failures())), false);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function spillway.end_dead_imports() is 'fails the imports whose drain died too often without progress';
