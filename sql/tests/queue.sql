begin;
select plan(43);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
-- Ids in the order of their making, as an upload makes them.
create temporary table made as
  select n, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id from generate_series(1, 2000) n;
create function pg_temp.make(p_workspace integer, p_n integer, p_priority smallint default 100) returns void language sql as $$
  select spillway.open_upload(p_workspace, id) from made where n = p_n;
  select spillway.create_import(p_workspace, id, 'file', 100, sha256('x'), p_priority => p_priority) from made where n = p_n $$;
create function pg_temp.claimed(p_parallelism integer default 100) returns integer language sql as $$
  select m.n::integer from spillway.claim_import('40 s', p_parallelism) c join made m on m.id = (c #>> '{claim,import_id}')::uuid $$;
create function pg_temp.expire(p_n integer) returns void language sql as $$
  update spillway.import_queue set available_at = now() where import_id = (select id from made where n = p_n) $$;
create function pg_temp.release(p_n integer) returns text language sql as $$
  select spillway.release_import(m.id, q.attempt) ->> 'state' from made m join spillway.import_queue q on q.import_id = m.id where m.n = p_n $$;
create function pg_temp.queued(p_n integer) returns spillway.import_queue language sql as $$
  select q from spillway.import_queue q join made m on m.id = q.import_id where m.n = p_n $$;
create function pg_temp.state(p_n integer) returns text language sql as $$
  select i.state::text from spillway.imports i join made m on m.id = i.id where m.n = p_n $$;

select is(spillway.claim_import('40 s', 4), '{"claim": null, "more": false}', 'an empty queue gives nothing');
select is(spillway.unattended_seconds(), null, 'and is attended to');
select pg_temp.make(:one, 1), pg_temp.make(:one, 2), pg_temp.make(:one, 3, 50::smallint);
select is(spillway.claim_import('40 s', 0), '{"claim": null, "more": false}', 'nor a full one, where no more drains may work');
update spillway.import_queue set available_at = now() - interval '70 s';
select cmp_ok(spillway.unattended_seconds()::numeric, '>=', 70::numeric, 'imports that nobody claims are unattended since they were due');
select is(pg_temp.claimed(), 3, 'the more urgent import is claimed first');
select is(spillway.unattended_seconds(), null, 'where a drain works, the others wait for it');
select pg_temp.expire(3);
select cmp_ok(spillway.unattended_seconds()::numeric, '<', 70::numeric, 'when it has gone, they are unattended since it came');
select spillway.claim_import('40 s', 0);
select pg_temp.release(3);
select is(spillway.claim_import('40 s', 4) ->> 'more', 'true', 'a claim says whether there is more to do');
select is(pg_temp.claimed(), 1, 'then the older one');
select is(pg_temp.state(1), 'running', 'a claimed import is running');
select is(pg_temp.claimed(2), null, 'not more are claimed at a time than drains may work');
select pg_temp.make(:two, 6), pg_temp.make(:two, 7);
select is(pg_temp.claimed(2), 6, 'but one more of a workspace of which nothing is worked on');
select is(pg_temp.claimed(2), null, 'and only one');
select spillway.cancel_import(:two, id) from made where n in (6, 7);
select is(pg_temp.claimed(3), 2, 'but as many');
select is(pg_temp.claimed(), null, 'a leased import is not claimed twice');

select pg_temp.expire(1);
select is(pg_temp.claimed(), 1, 'an import whose lease ran out is claimed again');
select is((pg_temp.queued(1)).attempt || ' ' || (pg_temp.queued(1)).failures, '2 1', 'with a new attempt, and the failure counted');
select is(spillway.release_import((select id from made where n = 1), 1) ->> 'state', 'stale', 'the old attempt cannot release it');
select is(pg_temp.release(1), 'released', 'the new one can');
select is((pg_temp.queued(1)).failures::integer, 1, 'a release is no failure');
select is(pg_temp.claimed(), 1, 'a released import can be claimed at once');

-- Three drains in a row died on import 1 (one above): the third time it fails.
select pg_temp.expire(1);
select is(pg_temp.claimed(), 1, 'the third attempt');
select pg_temp.expire(1);
select is(pg_temp.claimed(), null, 'is the last');
select is(pg_temp.state(1), 'failed', 'after three deaths without progress it has failed');
select is((select count(*)::integer from spillway.notifications n join made m on m.id = n.import_id where m.n = 1), 1, 'and its workspace is told');

-- What is wrong with one import keeps nobody from the others.
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
select pg_temp.make(:one, 4), pg_temp.make(:one, 5);
update spillway.import_queue set claimed = true, admitted = true, attempt = 1, failures = 2, available_at = now() - interval '1 second'
where import_id = (select id from made where n = 4);
update spillway.imports set state = 'running', stage = 'parsing' where id = (select id from made where n = 4);
create trigger broken before update on spillway.imports for each row when (new.state = 'failed') execute function pg_temp.refuse();
select is(pg_temp.claimed(), 5, 'an import that cannot even be ended does not stop the queue');
drop trigger broken on spillway.imports;
select pg_temp.expire(4);
select spillway.cancel_import(:one, id) from made where n = 5;
select is(pg_temp.claimed(), null, 'and is ended');
select is(pg_temp.state(4), 'failed', 'when it can be');

-- Half an hour without progress ends an import, however it yields.
update spillway.import_queue set stalled_at = now() - interval '31 minutes' where import_id = (select id from made where n = 2);
select is(pg_temp.release(2), 'failed', 'an import that gets no further for half an hour fails');
select is((select error ->> 'code' from spillway.imports i join made m on m.id = i.id where m.n = 2), 'no_progress', 'with the reason');
select spillway.cancel_import(:one, id) from made where n = 3;

-- Limits of a workspace, and turns.
update spillway.workspaces set max_running_imports = 2 where id = :one;
select pg_temp.make(:one, n) from generate_series(101, 110) n;
select is((select count(*)::integer from spillway.import_queue where workspace_id = :one and admitted), 2, 'only so many imports of a workspace are admitted');
select is(pg_temp.claimed(), 101, 'the oldest');
select is(pg_temp.claimed(), 102, 'and the next');
select is(pg_temp.claimed(), null, 'the others wait');
select spillway.finish_import(id, 1, (select fence from spillway.import_queue where import_id = id)) from made where n = 101;
select is(pg_temp.claimed(), 103, 'until one ends');
select pg_temp.make(:one, 111, 50::smallint);
select spillway.cancel_import(:one, id) from made where n = 102;
select is(pg_temp.claimed(), 111, 'the more urgent first');

update spillway.workspaces set max_running_imports = 4 where id in (:one, :two);
select pg_temp.make(:one, n) from generate_series(201, 1200) n;
select pg_temp.make(:two, 1201);
select is(pg_temp.claimed(), 1201, 'a thousand imports of a workspace do not delay another''s single one');
select pg_temp.make(:two, 1202);
select is(pg_temp.claimed(), 104, 'then it is the others'' turn');
select is(pg_temp.claimed(), 1202, 'and so on, one from each');

-- The life of an import is held by the tables.
select throws_ok($$ insert into spillway.import_queue (workspace_id, import_id) select workspace_id, id from spillway.imports where state = 'failed' limit 1 $$,
  '23503', null, 'an ended import cannot be queued');
select throws_ok($$ delete from spillway.import_queue; set constraints all immediate $$, null, null, 'an active import cannot lose its place');
select throws_ok($$ update spillway.imports set state = 'completed', stage = 'done', finished_at = now() where state = 'failed' $$, '23514', null,
  'a failed import cannot become a completed one');

-- Among 100,000 rows of other workspaces the claim walks its index.
set constraints all immediate;
alter table spillway.imports disable trigger active_imports_are_queued;
insert into spillway.workspaces (name) select 'other ' || n from generate_series(1, 1000) n;
insert into spillway.imports (workspace_id, id, file_name, object_key, size_bytes, sha256)
  select w.id, gen_random_uuid(), 'f', 'k', 1, sha256('x') from spillway.workspaces w, generate_series(1, 100) where w.name like 'other %';
insert into spillway.import_segments (workspace_id, import_id, segment) select workspace_id, id, 0 from spillway.imports where file_name = 'f';
insert into spillway.import_queue (workspace_id, import_id, available_at, admitted, turn_at)
  select workspace_id, id, now() + interval '1 hour' * random(), random() < 0.04, now() from spillway.imports where file_name = 'f';
analyze spillway.import_queue;
create function pg_temp.plan_of_claim() returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  -- The order and condition of claim_import.
  for v_line in explain select q.import_id from spillway.import_queue q where q.admitted and q.available_at <= now()
      and (select w.removed_at from spillway.workspaces w where w.id = q.workspace_id) is null
    order by q.turn_at, q.priority, q.import_id, q.segment limit 1 for no key update of q skip locked
  loop
    v_plan := v_plan || v_line || E'\n';
  end loop;
  return v_plan;
end $$;
select matches(pg_temp.plan_of_claim(), 'Index Scan using import_queue_claim', 'the claim walks its index');

select * from finish();
rollback;
