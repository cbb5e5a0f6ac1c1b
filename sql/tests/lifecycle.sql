begin;
select plan(43);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set a '01900000-0000-7000-8000-00000000000a'
\set b '01900000-0000-7000-8000-00000000000b'
\set c '01900000-0000-7000-8000-00000000000c'
\set d '01900000-0000-7000-8000-00000000000d'
create function pg_temp.fence(p_import uuid) returns bigint language sql as $$ select fence from spillway.import_queue where import_id = p_import $$;
create function pg_temp.state(p_import uuid) returns text language sql as $$
  select concat_ws(' ', state, (select 'queued' from spillway.import_queue where import_id = id)) from spillway.imports where id = p_import $$;
create function pg_temp.claim() returns integer language sql as $$
  update spillway.import_queue set available_at = now();
  select (spillway.claim_import('40 s', 100) #>> '{claim,attempt}')::integer $$;

-- Uploads.
select is(spillway.open_upload(:one, :'a', 'key', 10) ->> 'object_key', format('imports/%s/%s', :one, :'a'), 'an upload is told where it goes');
select is(spillway.create_import(:one, :'a', 'a', 10, sha256('a'), 'key') ->> 'id', :'a', 'and makes an import');
select is(pg_temp.state(:'a'), 'queued queued', 'that is queued');
select is_empty($$ select from spillway.uploads $$, 'and is no upload any more');
select is(spillway.open_upload(:one, :'b', 'key', 10) ->> 'repeats', 'true', 'the same Idempotency-Key is a repetition');
select is(spillway.open_upload(:two, :'b', 'key', 10) ->> 'repeats', 'false', 'in its own workspace only');
select is(spillway.create_import(:one, :'b', 'a', 10, sha256('a'), 'key') ->> 'id', :'a', 'and the same report gives the same import');
select spillway.open_upload(:one, :'b');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 10, sha256('other'), 'key') $$, :one, :'b'), 'SW422', null,
  'but not for another report');
update spillway.imports set request_sha256 = sha256('options') where id = :'a';
select throws_ok(format($$ select spillway.open_upload(%s, %L, 'key', 10, sha256('others')) $$, :one, :'d'), 'SW422', null,
  'nor with other options, which is said before the body is read');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 10, sha256('a'), 'key', p_request => sha256('others')) $$, :one, :'b'), 'SW422', null,
  'nor after it');
update spillway.imports set created_at = now() - interval '25 hours' where id = :'a';
select is(spillway.open_upload(:one, :'d', 'key', 10, sha256('others')) ->> 'repeats', 'false', 'a day later it is a new request');
select spillway.close_upload(:one, :'d');
select throws_ok(format($$ select spillway.open_upload(%s, %L, null, 999999999999) $$, :one, :'c'), 'SW413', null,
  'a report that says it is too large is refused');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 10, sha256('a')) $$, :one, :'c'), 'SW409', null,
  'nothing comes of an upload that nobody opened');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 10, sha256('a'), p_close_missing => true) $$, :one, :'b'), '23514', null,
  'closing needs a scope');
select spillway.close_upload(:one, :'b'), spillway.close_upload(:two, :'b');

-- Cancel and retry.
select throws_ok(format($$ select spillway.retry_import(%s, %L) $$, :one, :'a'), 'SW409',
  'the import is queued; only a failed or cancelled one whose report is still there can be tried again', 'a queued import is not retried');
select is(spillway.cancel_import(:one, :'a') ->> 'state', 'cancelled', 'a queued import is cancelled at once');
select is(pg_temp.state(:'a'), 'cancelled', 'and leaves the queue');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :one, :'a'), 'SW409', null, 'but only once');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :two, :'a'), 'SW404', null, 'another workspace does not see it');
select throws_ok(format($$ select spillway.retry_import(%s, %L) $$, :two, :'a'), 'SW404', null, 'nor retries it');
select throws_ok(format($$ select * from spillway.import_status(%s, %L) $$, :two, :'a'), 'SW404', null, 'nor asks for its status');
select throws_ok(format($$ select spillway.retry_errors(%s, %L) $$, :two, :'a'), 'SW404', null, 'nor retries its errors');
select is(spillway.retry_import(:one, :'a') ->> 'state', 'queued', 'a cancelled import can be tried again');

-- Failures.
select is(pg_temp.claim(), 1, 'and is claimed');
select throws_ok(format($$ select spillway.retry_errors(%s, %L) $$, :one, :'a'), 'SW409', null, 'while it runs its errors are not retried');
select is(spillway.fail_import(:'a', 1, '{"message": "busy"}', true) ->> 'state', 'queued', 'what may pass is tried again');
select ok((select available_at > now() and failures = 1 from spillway.import_queue where import_id = :'a'), 'after a wait');
select ok((select bool_and(spillway.retry_wait(n::smallint) between interval '1 second' * 10 ^ n and interval '2 seconds' * 10 ^ n) from generate_series(0, 1) n),
  'that grows, and is not the same for all');
select pg_temp.claim();
select spillway.ingest_batch(:'a', 2, pg_temp.fence(:'a'), '40 s', '{"assets": [], "problems": []}', null, null, 0, 'f', null, 0);
select is((select failures from spillway.import_queue where import_id = :'a')::integer, 1, 'a batch that gets no further does not forgive a failure');
select spillway.ingest_batch(:'a', 2, pg_temp.fence(:'a'), '40 s', '{"assets": [], "problems": []}', null, null, 0, 'f', '\x01', 5);
select is((select failures from spillway.import_queue where import_id = :'a')::integer, 0, 'progress does');
select spillway.fail_import(:'a', 2, '{"message": "busy"}', true);
select pg_temp.claim();
select spillway.fail_import(:'a', 3, '{"message": "busy"}', true);
select pg_temp.claim();
select is(spillway.fail_import(:'a', 2, '{"message": "late"}', true) ->> 'state', 'stale', 'an old attempt cannot fail it');
select is(spillway.fail_import(:'a', 4, '{"message": "busy"}', true) ->> 'state', 'failed', 'the third failure without progress ends it');
select is((select error ->> 'message' from spillway.imports where id = :'a'), 'busy', 'with the reason');
select is((select kind::text from spillway.notifications where import_id = :'a'), 'failed', 'and a notification');

select spillway.retry_import(:one, :'a');
select is((select attempt from spillway.import_queue where import_id = :'a'), 4, 'a retried import counts its attempts on');
select is(spillway.claim_import('40 s', 9) #>> '{claim,checkpoint}', encode('\x01', 'base64'), 'and goes on where it stopped');
select is(spillway.finish_import(:'a', 5, pg_temp.fence(:'a')) ->> 'state', 'completed', 'a running import is completed');
select throws_ok(format($$ select spillway.cancel_import(%s, %L) $$, :one, :'a'), 'SW409',
  'the import is completed; only a queued or running one can be cancelled', 'a completed import is not cancelled');
select is(jsonb_array_length((spillway.list_imports(:one, null, 10, 'completed')).items::jsonb), 1, 'imports are listed by state');

-- Leftovers.
select spillway.open_upload(:one, :'c'), spillway.note_upload_parts(:one, :'c', 'parts'), spillway.open_upload(:one, :'d');
update spillway.uploads set seen_at = now() - interval '31 minutes' where id = :'c';
update spillway.imports set finished_at = now() - interval '31 days', state = state where id = :'a';
update spillway.notifications set created_at = now() - interval '91 days';
select spillway.clean_up(400, 10);
select is(spillway.claim_leftovers(30, 10), jsonb_build_array(
    jsonb_build_object('id', :'c', 'object_key', format('imports/%s/%s', :one, :'c'), 'parts_id', 'parts'),
    jsonb_build_object('id', :'a', 'object_key', format('imports/%s/%s', :one, :'a'))),
  'broken uploads and old reports are to be removed');
select is_empty($$ select from spillway.notifications $$, 'old notifications are gone');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'a', 10, sha256('a')) $$, :one, :'c'), 'SW409', null, 'nothing comes of a broken upload');
select is(spillway.forget_leftovers(jsonb_build_array(:'a', :'c', :'d')), 2, 'and when they are removed they are forgotten, but not what is under way');

select * from finish();
rollback;
