begin;
select plan(19);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
-- Ids in the order of their making, as an upload makes them.
create temporary table made as
  select n, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id from generate_series(1, 20) n;
create function pg_temp.make(p_workspace integer, p_n integer) returns void language sql as $$
  select spillway.create_import(p_workspace, id, 'file', 'key', 100, sha256('x'), null) from made where n = p_n $$;
create function pg_temp.claimed() returns integer language sql as $$
  select m.n::integer from jsonb_array_elements(spillway.claim_imports(1, '40 s')) c join made m on m.id = (c ->> 'import_id')::uuid $$;
create function pg_temp.expire(p_n integer) returns void language sql as $$
  update spillway.import_queue set available_at = now() where import_id = (select id from made where n = p_n) $$;

select is(spillway.claim_imports(10, '40 s'), '[]', 'an empty queue gives nothing');
select pg_temp.make(:one, 1), pg_temp.make(:one, 2), pg_temp.make(:one, 3);
update spillway.import_queue set priority = 1 where import_id = (select id from made where n = 3);
select is(pg_temp.claimed(), 3, 'the more urgent import is claimed first');
select is(pg_temp.claimed(), 1, 'then the older one');
select is((select state::text from spillway.imports i join made m on m.id = i.id where m.n = 1), 'running', 'a claimed import is running');
select is(pg_temp.claimed(), 2, 'a leased import is not claimed twice');
select is(pg_temp.claimed(), null, 'what is leased is not there');

select pg_temp.expire(1);
select is(pg_temp.claimed(), 1, 'an import whose lease ran out is claimed again');
select is((select q.attempt || ' ' || q.failures from spillway.import_queue q join made m on m.id = q.import_id where m.n = 1), '2 1',
  'with a new attempt, and the failure counted');
select is(spillway.release_import((select id from made where n = 1), 1) ->> 'state', 'stale', 'the old attempt cannot release it');
select is(spillway.release_import((select id from made where n = 1), 2) ->> 'state', 'released', 'the new one can');
select is((select failures from spillway.import_queue q join made m on m.id = q.import_id where m.n = 1)::integer, 1, 'a release is no failure');
select is(pg_temp.claimed(), 1, 'a released import can be claimed at once');

update spillway.workspaces set max_running_imports = 3 where id = :one;
select pg_temp.make(:one, 4), pg_temp.make(:two, 5);
select is(pg_temp.claimed(), 5, 'a workspace that has enough running lets another go first');
select is(pg_temp.claimed(), null, 'and waits');

-- Three drains in a row died on import 1 (one above): the third time it fails.
select pg_temp.expire(1);
select is(pg_temp.claimed(), 1, 'the third attempt');
select pg_temp.expire(1);
select is(pg_temp.claimed(), 4, 'a dead import makes room');
select is((select state::text from spillway.imports i join made m on m.id = i.id where m.n = 1), 'failed', 'after three deaths without progress it has failed');
select is((select count(*)::integer from spillway.notifications n join made m on m.id = n.import_id where m.n = 1), 1, 'and its workspace is told');

-- Among 20,000 rows of another workspace the claim walks its index.
insert into spillway.imports (workspace_id, id, file_name, object_key, size_bytes, sha256)
  select :two, gen_random_uuid(), 'f', 'k', 1, sha256('x') from generate_series(1, 20000);
insert into spillway.import_queue (workspace_id, import_id, available_at)
  select :two, id, now() + interval '1 hour' * random() from spillway.imports where file_name = 'f';
analyze spillway.import_queue;
create function pg_temp.plan_of_claim() returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  for v_line in explain select q.import_id from spillway.import_queue q where q.available_at <= now()
    order by q.priority, q.available_at, q.import_id limit 1 for update of q skip locked
  loop
    v_plan := v_plan || v_line || E'\n';
  end loop;
  return v_plan;
end $$;
select matches(pg_temp.plan_of_claim(), 'Index Scan using import_queue_claim', 'the claim walks its index');

select * from finish();
rollback;
