begin;
select plan(24);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set a '01900000-0000-7000-8000-00000000000a'
\set b '01900000-0000-7000-8000-00000000000b'
create function pg_temp.state(p_import uuid) returns text language sql as $$
  select concat_ws(' ', state, (select 'queued' from spillway.import_queue where import_id = id)) from spillway.imports where id = p_import $$;
create function pg_temp.now_available() returns void language sql as $$ update spillway.import_queue set available_at = now() $$;

select is(spillway.create_import(:one, :'a', 'a', 'ka', 10, sha256('a'), 'key') ->> 'id', :'a', 'an upload makes an import');
select is(pg_temp.state(:'a'), 'queued queued', 'that is queued');
select is(spillway.create_import(:one, :'b', 'a', 'ka', 10, sha256('a'), 'key') ->> 'id', :'a', 'the same Idempotency-Key gives the same import');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 'ka', 10, sha256('other'), 'key') $$, :one, :'b'), 'SW422', null,
  'but not for another report');
select is(spillway.open_upload(:one, 'key', 10) #>> '{existing,id}', :'a', 'which is known before the body is read');
select is(spillway.open_upload(:two, 'key', 10) ->> 'existing', null, 'in its own workspace only');
select throws_ok(format($$ select spillway.open_upload(%s, null, 999999999999) $$, :one), 'SW413', null, 'a report that says it is too large is refused');

select throws_ok(format($$ select spillway.retry_import(%s, %L) $$, :one, :'a'), 'SW409', null, 'a queued import is not retried');
select is(spillway.cancel_import(:one, :'a') ->> 'state', 'cancelled', 'a queued import is cancelled at once');
select is(pg_temp.state(:'a'), 'cancelled', 'and leaves the queue');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :one, :'a'), 'SW409', null, 'but only once');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :two, :'a'), 'SW404', null, 'another workspace does not see it');
select throws_ok(format($$ select spillway.retry_import(%s, %L) $$, :two, :'a'), 'SW404', null, 'nor retries it');
select throws_ok(format($$ select * from spillway.import_status(%s, %L) $$, :two, :'a'), 'SW404', null, 'nor asks for its status');

select is(spillway.retry_import(:one, :'a') ->> 'state', 'queued', 'a cancelled import can be tried again');
select spillway.claim_imports(1, '40 s');
select is(spillway.fail_import(:'a', 1, '{"message": "busy"}', true) ->> 'state', 'queued', 'what may pass is tried again');
select ok((select available_at > now() and failures = 1 from spillway.import_queue where import_id = :'a'), 'after a wait');
select pg_temp.now_available(), spillway.claim_imports(1, '40 s');
select spillway.fail_import(:'a', 2, '{"message": "busy"}', true), pg_temp.now_available();
select spillway.claim_imports(1, '40 s');
select is(spillway.fail_import(:'a', 2, '{"message": "late"}', true) ->> 'state', 'stale', 'an old attempt cannot fail it');
select is(spillway.fail_import(:'a', 3, '{"message": "busy"}', true) ->> 'state', 'failed', 'the third failure ends it');
select is((select error ->> 'message' from spillway.imports where id = :'a'), 'busy', 'with the reason');
select is((select kind::text from spillway.notifications where import_id = :'a'), 'failed', 'and a notification');

select spillway.retry_import(:one, :'a');
select is((select attempt from spillway.import_queue where import_id = :'a'), 3, 'a retried import counts its attempts on');
select spillway.claim_imports(1, '40 s');
select is(spillway.finish_import(:'a', 4) ->> 'state', 'completed', 'a running import is completed');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :one, :'a'), 'SW409', 'the import is completed and can no longer be cancelled',
  'a completed import is not cancelled');

select * from finish();
rollback;
