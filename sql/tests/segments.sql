begin;
select plan(39);

select spillway.create_workspace('one') as one \gset
\set big '01900000-0000-7000-8000-000000000001'
\set next '01900000-0000-7000-8000-000000000002'
select spillway.open_upload(:one, :'big'), spillway.create_import(:one, :'big', 'big', 1000, sha256('1'), p_priority => 7::smallint);

create function pg_temp.claim() returns text language sql as $$
  select concat_ws(' ', c ->> 'attempt', coalesce(c ->> 'ends_at', 'end'), convert_from(decode(c ->> 'checkpoint', 'base64'), 'UTF8'))
  from nullif(spillway.claim_import('40 s', 100) -> 'claim', 'null') c where c is not null $$;
create function pg_temp.fence(p_import uuid, p_attempt integer) returns bigint language sql as $$
  select fence from spillway.import_queue where import_id = p_import and attempt = p_attempt $$;
create function pg_temp.ingest(p_import uuid, p_attempt integer, p_read bigint, p_offset bigint default 0, p_evidence text default 'e') returns text language sql as $$
  select spillway.ingest_batch(p_import, p_attempt, pg_temp.fence(p_import, p_attempt), '40 s', jsonb_build_object('assets', '[]'::jsonb, 'findings', '[]'::jsonb, 'problems', '[]'::jsonb),
    spillway.columns_of(array[row(md5('o'), md5('f'), md5('a'), 'h', 1, null, null, null, null, null, null, p_evidence, p_offset, 1)::spillway.new_occurrence]), 1, 'nessus',
    convert_to('at ' || p_read, 'UTF8'), p_read) ->> 'state' $$;
create function pg_temp.cut(p_attempt integer, p_offset bigint) returns text language sql as $$
  select spillway.cut_segment('01900000-0000-7000-8000-000000000001', p_attempt,
    pg_temp.fence('01900000-0000-7000-8000-000000000001', p_attempt), '40 s', p_offset, convert_to('cut ' || p_offset, 'UTF8')) ->> 'state' $$;
create function pg_temp.segments() returns setof text language sql as $$
  select concat_ws(' ', segment, starts_at || '-' || coalesce(ends_at::text, 'end'), bytes_read, convert_from(checkpoint, 'UTF8'), case when completed then 'completed' end)
  from spillway.import_segments order by segment $$;
create function pg_temp.import() returns text language sql as $$
  select concat_ws(' ', state, bytes_read, attempt, items) from spillway.imports where id = '01900000-0000-7000-8000-000000000001' $$;

-- Cut.
select is(pg_temp.claim(), '1 end', 'a report is one segment, up to its end');
select is(pg_temp.ingest(:'big', 1, 100, 70, 'later'), 'running', 'whose first batch is stored');
select is(spillway.wants_segments(:'big', 1, 1), false, 'where it has all drains that there may be, nobody wants a part of it');
select is(spillway.wants_segments(:'big', 1, 2), true, 'where there may be another, that one would');
select is(pg_temp.cut(2, 300), 'stale', 'who has not the present attempt cannot cut it');
select is(spillway.cut_segment(:'big', 1, pg_temp.fence(:'big', 1) + 1, '40 s', 300, '\x00') ->> 'state', 'stale', 'nor who has written what is not here');
select throws_ok($$ select pg_temp.cut(1, 100) $$, '23514', null, 'nor can what is read be cut');
select is(pg_temp.cut(1, 300), 'running', 'the rest is cut off');
select results_eq($$ select pg_temp.segments() $$, $$ values ('0 0-300 100 at 100'), ('1 300-end 300 cut 300') $$, 'and is a segment that follows');
select results_eq($$ select segment::integer, priority::integer, admitted, claimed from spillway.import_queue order by segment $$,
  $$ values (0, 7, true, true), (1, 7, true, false) $$, 'admitted with its import');
select is(spillway.wants_segments(:'big', 1, 2), false, 'and as long as it waits, no more are wanted');
select is(pg_temp.claim(), '2 end cut 300', 'another drain gets it, with an attempt of its own');
select is(pg_temp.cut(2, 600), 'running', 'and may cut it further');
select is(pg_temp.claim(), '3 end cut 600', 'a third gets the last');
select is(pg_temp.cut(2, 400), 'running', 'and further');
select is(pg_temp.claim(), '4 600 cut 400', 'and what was cut off comes at its turn');
select is(pg_temp.claim(), null, 'then all are held');

-- Progress adds up, and each saves its own place.
select is(pg_temp.ingest(:'big', 3, 700, 650, 'last'), 'running', 'segments are stored in any order');
select is(pg_temp.ingest(:'big', 2, 350, 320, 'middle'), 'running', 'each by its own attempt');
select is(pg_temp.import(), 'running 250 4 3', 'and the import knows how much that is');
select is(pg_temp.ingest(:'big', 2, 999), 'running', 'what is read beyond a segment');
select is((select bytes_read from spillway.import_segments where segment = 1), 400::bigint, 'does not count');
select is((select evidence || source_offset from spillway.occurrences), 'e0', 'the first record of the report counts, whichever was stored first');

-- One fails for a while, the others go on.
select is(spillway.fail_import(:'big', 4, '{"message": "busy"}', true) ->> 'state', 'queued', 'a segment is tried again by itself');
select is((select count(*)::integer from spillway.import_queue where claimed), 3, 'while the others are held');
select is(spillway.finish_import(:'big', 3, pg_temp.fence(:'big', 3)) ->> 'state', 'running', 'the end of a segment is not that of the import');
select is(pg_temp.import(), 'running 600 4 4', 'but all of it counts as read');
select is(spillway.finish_import(:'big', 3, pg_temp.fence(:'big', 3)) ->> 'state', 'stale', 'and it ends once');

-- A failure and a cancel end all, a retry goes on with what is left.
select is(spillway.fail_import(:'big', 1, '{"message": "broken"}', false) ->> 'state', 'failed', 'what cannot be read ends the import');
select is_empty($$ select from spillway.import_queue $$, 'with all of its segments');
select is(pg_temp.ingest(:'big', 2, 380), 'stale', 'as their drains find out');
select spillway.retry_import(:one, :'big');
select results_eq($$ select segment::integer, attempt from spillway.import_queue order by segment $$, $$ values (0, 4), (1, 4), (3, 4) $$,
  'a retry queues what is not read to its end');
select is(pg_temp.claim(), '5 300 at 100', 'each goes on at its own place');
select is(spillway.cancel_import(:one, :'big') ->> 'state', 'cancelled', 'a cancel ends all, too');
select is_empty($$ select from spillway.import_queue $$, 'with all of its segments');
select spillway.retry_import(:one, :'big');
select pg_temp.claim() from generate_series(1, 3);
select is(spillway.finish_import(:'big', 6, pg_temp.fence(:'big', 6)) ->> 'state', 'running', 'segments end');
select is(spillway.finish_import(:'big', 7, pg_temp.fence(:'big', 7)) ->> 'state', 'running', 'one by one');
select is(spillway.finish_import(:'big', 8, pg_temp.fence(:'big', 8)) ->> 'state', 'completed', 'and the last ends the import');
select is_empty($$ select from spillway.import_segments $$, 'whose segments nobody needs any more');

select * from finish();
rollback;
