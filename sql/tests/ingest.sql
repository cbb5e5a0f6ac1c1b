begin;
select plan(69);

select spillway.create_workspace('one') as one \gset
\set first '01900000-0000-7000-8000-000000000001'
\set second '01900000-0000-7000-8000-000000000002'
create function pg_temp.make(p_workspace integer, p_id uuid, p_name text) returns void language sql as $$
  select spillway.open_upload(p_workspace, p_id), spillway.create_import(p_workspace, p_id, p_name, 1000, sha256('1'));
  select spillway.claim_import('40 s', 100) $$;
select pg_temp.make(:one, :'first', 'first.nessus'), pg_temp.make(:one, :'second', 'second.nessus');

-- n findings at one port each of one host; p_offset is where the first record stands.
create function pg_temp.batch(p_from integer, p_to integer, p_title text default 'title', p_offset bigint default 0) returns jsonb language sql as $$
  select jsonb_build_object(
    'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'host', 'identity', '10.0.0.1', 'attributes', '{"os": "x"}'::jsonb)),
    'findings', jsonb_agg(jsonb_build_object('id', md5('f' || n), 'tool', 'nessus', 'kind', 'host', 'rule_id', n::text,
      'title', p_title, 'severity', 'high', 'status', 'open', 'source_offset', p_offset + n, 'cvss', '[{"version": "3.1", "score": 7.5}]')),
    'occurrences', jsonb_agg(jsonb_build_object('id', md5('o' || n), 'finding_id', md5('f' || n), 'asset_id', md5('a'), 'port', n,
      'source_offset', p_offset + n, 'source_line', n)),
    'problems', '[]'::jsonb)
  from generate_series(p_from, p_to) n $$;
create function pg_temp.findings_in(p_batch jsonb) returns spillway.finding_columns language sql as $$
  select spillway.findings_of(p_batch -> 'findings') $$;
create function pg_temp.occurrences_in(p_batch jsonb) returns spillway.occurrence_columns language sql as $$
  select spillway.occurrences_of(p_batch -> 'occurrences') $$;
create function pg_temp.fence(p_import uuid) returns bigint language sql as $$ select fence from spillway.import_queue where import_id = p_import $$;
create function pg_temp.ingest(p_import uuid, p_batch jsonb, p_attempt integer default 1) returns text language sql as $$
  select spillway.ingest_batch(p_import, p_attempt, pg_temp.fence(p_import), '40 s', p_batch, pg_temp.findings_in(p_batch), pg_temp.occurrences_in(p_batch), 10, 'nessus', '\x01', 500) ->> 'state' $$;
create function pg_temp.counts(p_import uuid) returns text language sql as $$
  select format('assets %s+%s=%s findings %s+%s=%s, %s reopened, occurrences %s+%s=%s, errors %s', assets_new, assets_updated, assets_unchanged,
    findings_new, findings_updated, findings_unchanged, findings_reopened, occurrences_new, occurrences_updated, occurrences_unchanged, errors)
  from spillway.imports where id = p_import $$;

select is(pg_temp.ingest(:'first', pg_temp.batch(1, 10)), 'running', 'a batch is stored');
select is(current_setting('synchronous_commit'), 'off', 'without waiting for the disk');
set synchronous_commit to default;
select is(pg_temp.counts(:'first'), 'assets 1+0=0 findings 10+0=0, 0 reopened, occurrences 10+0=0, errors 0', 'everything in it is new');
select results_eq($$ select i.format, i.bytes_read, i.items, i.stage::text, s.checkpoint
  from spillway.imports i join spillway.import_segments s on s.import_id = i.id where i.file_name = 'first.nessus' $$,
  $$ values ('nessus', 500::bigint, 10::bigint, 'findings', '\x01'::bytea) $$, 'progress and place are saved with it');
create function pg_temp.only_new(p_import uuid) returns text language sql as $$
  select concat_ws(' ', only_new_findings, only_new_occurrences) from spillway.imports where id = p_import $$;
select is(pg_temp.only_new(:'first'), 't t', 'so the next batch is expected to be new');
select pg_temp.ingest(:'first', pg_temp.batch(1, 10));
select is(pg_temp.counts(:'first'), 'assets 1+0=0 findings 10+0=0, 0 reopened, occurrences 10+0=0, errors 0', 'the same batch again counts nothing twice');
select is((select count(*)::integer from spillway.occurrences), 10, 'and stores nothing twice');

select is(pg_temp.ingest(:'first', pg_temp.batch(11, 12), 2), 'stale', 'who has not the present attempt is told');
select is((select count(*)::integer from spillway.findings), 10, 'and stores nothing');
select is(spillway.ingest_batch(:'first', 1, pg_temp.fence(:'first') + 1, '40 s', '{"assets": [], "problems": []}', null, null, 1, 'nessus', '\x02', 600)
  ->> 'state', 'stale', 'who has written what is not here is told, too');
select is(spillway.finish_import(:'first', 1, pg_temp.fence(:'first') + 1) ->> 'state', 'stale', 'and cannot end the import');
select results_eq($$ select i.state::text, i.bytes_read, s.checkpoint from spillway.imports i join spillway.import_segments s on s.import_id = i.id
  where i.file_name = 'first.nessus' $$, $$ values ('running', 500::bigint, '\x01'::bytea) $$, 'the place stays');
select pg_temp.fence(:'first') as before \gset
select pg_temp.ingest(:'first', pg_temp.batch(1, 10));
select is(pg_temp.fence(:'first'), :before + 1, 'each write counts the fence on');

select pg_temp.ingest(:'second', pg_temp.batch(6, 15, 'second title'));
select is(pg_temp.counts(:'second'), 'assets 0+0=1 findings 5+5=0, 0 reopened, occurrences 5+0=5, errors 0',
  'a second import counts what was known as updated or unchanged');
select is(pg_temp.only_new(:'second'), 'f f', 'and expects no more that all is new');
select is((select string_agg(port || ' ' || seen_as, ', ' order by port) from spillway.occurrences where last_import_id = :'second' and port in (6, 10, 11, 15)),
  '6 unchanged, 10 unchanged, 11 new, 15 new', 'what was expected to be new and was not, is stored as what it is');
select is((select title from spillway.findings where rule_id = '6'), 'second title', 'the newer import''s words are stored');
select is((select title from spillway.findings where rule_id = '5'), 'title', 'what it did not see stays');
select pg_temp.ingest(:'first', pg_temp.batch(6, 6, 'late title'));
select is((select title from spillway.findings where rule_id = '6'), 'second title', 'an older import that comes later changes nothing');
select is(pg_temp.counts(:'first'), 'assets 1+0=0 findings 10+0=0, 0 reopened, occurrences 10+0=1, errors 0', 'and counts as findings nothing that it counted before');
select pg_temp.ingest(:'second', pg_temp.batch(7, 7, 'later in the file', 1000));
select is((select title from spillway.findings where rule_id = '7'), 'second title', 'of several records of one report the first counts');
select pg_temp.ingest(:'second', pg_temp.batch(7, 7, 'earlier in the file', -1000));
select is((select title from spillway.findings where rule_id = '7'), 'earlier in the file', 'in whatever order they arrive');

update spillway.findings set status = 'closed' where rule_id in ('1', '2');
select spillway.decide_finding(:one, md5('f3')::uuid, 'accepted_risk');
-- Decided after the third import was uploaded (by its id), so it stays.
select spillway.decide_finding(:one, md5('f4')::uuid, 'closed');
\set third '01900000-0000-7000-8000-000000000003'
select pg_temp.make(:one, :'third', 'third.nessus');
select pg_temp.ingest(:'third', pg_temp.batch(1, 4));
select is(pg_temp.counts(:'third'), 'assets 0+0=1 findings 0+0=2, 2 reopened, occurrences 0+0=4, errors 0',
  'closed findings that are seen again are reopened');
select is((select status::text from spillway.findings where rule_id = '1'), 'open', 'and open');
select is((select status::text from spillway.findings where rule_id = '3'), 'accepted_risk', 'a person''s decision stays');
select is((select status::text from spillway.findings where rule_id = '4'), 'closed', 'what a person closed is not opened by a report of before');
update spillway.findings set decided_at = '2020-01-01' where rule_id = '4';
\set fourth '01900000-0000-7000-8000-000000000004'
select pg_temp.make(:one, :'fourth', 'fourth.nessus');
select pg_temp.ingest(:'fourth', pg_temp.batch(4, 4));
select is((select status::text from spillway.findings where rule_id = '4'), 'open', 'but by one of later');

-- Facts of an asset: of each the newest import's word, in whatever order imports arrive.
create function pg_temp.asset(p_import uuid, p_hostname text, p_attributes jsonb) returns text language sql as $$
  select pg_temp.ingest(p_import, jsonb_build_object('assets', jsonb_build_array(jsonb_build_object('id', md5('b'), 'kind', 'host', 'identity', 'b',
    'hostname', p_hostname, 'attributes', p_attributes)), 'findings', '[]'::jsonb, 'occurrences', '[]'::jsonb)) $$;
select pg_temp.asset(:'third', null, '{"os": "third", "mac": "third"}');
select pg_temp.asset(:'first', 'first', '{"os": "first", "cpe": "first"}');
select pg_temp.asset(:'second', 'second', '{"cpe": "second"}');
select results_eq($$ select hostname, attributes from spillway.assets where identity = 'b' $$,
  $$ values ('second', '{"os": "third", "mac": "third", "cpe": "second"}'::jsonb) $$, 'of each fact of an asset the newest word counts');
select pg_temp.asset(:'third', 'third', '{"os": "third again"}');
select results_eq($$ select hostname, attributes from spillway.assets where identity = 'b' $$,
  $$ values ('third', '{"os": "third again", "mac": "third", "cpe": "second"}'::jsonb) $$, 'and of one import the last');
select is((select string_agg(seen_as::text, ' ' order by import_id) from spillway.import_assets where asset_id = md5('b')::uuid), 'unchanged unchanged new',
  'the first to come has made it');

-- Records that the database refuses.
select pg_temp.ingest(:'third', jsonb_set(pg_temp.batch(101, 200), '{findings,57,title}', '""'));
select is((select count(*)::integer from spillway.occurrences where port between 101 and 200), 99, 'a record that is refused does not stop its batch');
select is((select count(*)::integer from spillway.findings where rule_id::integer between 101 and 200), 99, 'neither its findings');
select results_eq($$ select kind, code, source_offset, source_line from spillway.import_errors $$,
  $$ values ('occurrence', '23514', 158::bigint, 158::bigint) $$, 'it is noted with its place');
select is((select jsonb_array_length(item -> 'occurrences') from spillway.import_errors), 1, 'and with itself');
select is((select errors from spillway.imports where id = :'third')::integer, 1, 'and counted');
select pg_temp.ingest(:'third', jsonb_set(pg_temp.batch(101, 200), '{findings,57,title}', '""'));
select is((select errors from spillway.imports where id = :'third')::integer, 1, 'once');
select pg_temp.ingest(:'third', '{"assets": [{"id": "00000000-0000-8000-8000-000000000001", "kind": "host", "identity": "b"},
  {"id": "00000000-0000-8000-8000-000000000002", "kind": "nothing", "identity": "c"}], "findings": [], "occurrences": [], "problems": []}');
select is((select count(*)::integer from spillway.assets), 3, 'an asset that is refused does not stop the others');
select is((select count(*)::integer from spillway.import_errors where kind = 'asset'), 1, 'and is noted');
select pg_temp.ingest(:'third', '{"assets": [], "findings": [], "occurrences": [], "problems": [
  {"code": "missing_field", "message": "no pluginID", "offset": 7, "line": 2, "excerpt": "<ReportItem>"}]}');
select is((select count(*)::integer from spillway.import_errors where kind = 'record' and source_offset = 7), 1, 'what the parser could not use is noted');

select is((select error_counts from spillway.imports where id = :'third'), '{"23514": 1, "22P02": 1, "missing_field": 1}', 'errors are summed up by code');
select pg_temp.ingest(:'third', '{"assets": [{"id": "00000000-0000-8000-8000-000000000003", "kind": "nothing", "identity": "d"}], "findings": [],
  "occurrences": [], "problems": []}');
select is((select count(*)::integer from spillway.import_errors where kind = 'asset'), 2, 'two refused assets are two errors');

select is(spillway.finish_import(:'third', 1, pg_temp.fence(:'third')) ->> 'state', 'completed', 'an import ends');
select is((select kind::text from spillway.notifications where import_id = :'third'), 'warning', 'with errors: a warning');
select is(pg_temp.ingest(:'third', pg_temp.batch(1, 1)), 'stale', 'an ended import takes nothing more');


-- Errors are tried again once their cause is gone.
select is((spillway.retry_errors(:one, :'third') - 'links'), '{"stored": 0, "refused": 3, "errors": 4}', 'while their cause is there they are refused again');
update spillway.import_errors set item = jsonb_set(item, '{findings,0,title}', '"mended"') where kind = 'occurrence';
update spillway.import_errors set item = jsonb_set(item, '{assets,0,kind}', '"host"') where kind = 'asset';
select id as one_error from spillway.import_errors where kind = 'occurrence' \gset
select is((spillway.retry_errors(:one, :'third', array[:one_error]) - 'links'), '{"stored": 1, "refused": 0, "errors": 3}', 'one');
select is((spillway.retry_errors(:one, :'third') - 'links'), '{"stored": 2, "refused": 0, "errors": 1}', 'or all');
select is((select count(*)::integer from spillway.occurrences where port between 101 and 200), 100, 'what was refused is stored');
select is((select error_counts from spillway.imports where id = :'third'), '{"missing_field": 1}', 'what the report says wrongly stays');

-- A report that is mostly unusable.
\set fifth '01900000-0000-7000-8000-000000000005'
select pg_temp.make(:one, :'fifth', 'fifth.nessus');
select is(spillway.ingest_batch(:'fifth', 1, pg_temp.fence(:'fifth'), '40 s', jsonb_build_object('assets', '[]'::jsonb,
    'problems', (select jsonb_agg(jsonb_build_object('code', 'missing_field', 'message', 'm', 'offset', n)) from generate_series(1, 501) n)),
    null, null, 1000, 'nessus', '\x01', 500) ->> 'state', 'trial_failed', 'more than half of the first thousand records unusable is noted');
-- Whoever found it out was killed before it could say so: at any later moment it comes to the same end.
update spillway.import_queue set available_at = now() where import_id = :'fifth';
select is(spillway.claim_import('40 s', 100) #>> '{claim,trial_failed}', 'true', 'whoever claims the import is told');
select is(spillway.ingest_batch(:'fifth', 2, pg_temp.fence(:'fifth'), '40 s', '{"assets": [], "problems": []}', null, null, 0, 'nessus', '\x01', 500) ->> 'state',
  'trial_failed', 'as is whoever works on another segment of it');
select is(spillway.fail_trial(:'fifth', 1) ->> 'state', 'stale', 'an old attempt cannot end it');
select is(spillway.fail_trial(:'fifth', 2) ->> 'state', 'failed', 'the present one does');
select is((select error ->> 'message' from spillway.imports where id = :'fifth'), '501 of the first 1000 records cannot be used; the list of errors says why',
  'loudly');
select spillway.retry_import(:one, :'fifth');
select is(spillway.claim_import('40 s', 100) #>> '{claim,trial_failed}', 'false', 'a person may have it tried again');
select is(spillway.ingest_batch(:'fifth', 3, pg_temp.fence(:'fifth'), '40 s', '{"assets": [], "problems": []}', null, null, 1000, 'nessus', '\x02', 600) ->> 'state',
  'running', 'and then it goes on');

-- A report of which the database refuses too much: every other record of each batch, so that its trial passes.
select spillway.finish_import(:'first', 1, pg_temp.fence(:'first')), spillway.finish_import(:'second', 1, pg_temp.fence(:'second'));
\set sixth '01900000-0000-7000-8000-000000000006'
select pg_temp.make(:one, :'sixth', 'sixth.nessus');
create function pg_temp.refused(p_from integer, p_to integer) returns jsonb language sql as $$
  select jsonb_set(b, '{findings}', (select jsonb_agg(case when n % 2 = 0 then f else f || '{"title": ""}' end order by n)
    from jsonb_array_elements(b -> 'findings') with ordinality as e (f, n))) from pg_temp.batch(p_from, p_to) b $$;
create function pg_temp.ingest_as_read(p_import uuid, p_attempt integer, p_batch jsonb, p_checkpoint bytea) returns jsonb language sql as $$
  select spillway.ingest_batch(p_import, p_attempt, pg_temp.fence(p_import), '40 s', p_batch, pg_temp.findings_in(p_batch), pg_temp.occurrences_in(p_batch),
    jsonb_array_length(p_batch -> 'occurrences'), 'nessus', p_checkpoint, 500) $$;
create function pg_temp.refused_of(p_import uuid) returns bigint language sql as $$
  select spillway.refused_records(error_counts) from spillway.imports where id = p_import $$;
select is(pg_temp.ingest_as_read(:'sixth', 1, pg_temp.refused(10001, 11200), '\x01') ->> 'state', 'running', 'some refused records do not end an import');
select is(pg_temp.refused_of(:'sixth')::integer, 600, 'each of them is noted');
select is(pg_temp.ingest_as_read(:'sixth', 1, pg_temp.refused(20001, 22000), '\x02'), '{"state": "trial_failed", "refused": true}', 'too many do');
select is(pg_temp.refused_of(:'sixth')::integer, spillway.max_refused_records() + 1, 'one more than may be, and then no more are tried');
select is((select count(*)::integer from spillway.import_errors where import_id = :'sixth'), spillway.max_refused_records() + 1, 'all of them are kept');
select results_eq($$ select s.checkpoint, i.items from spillway.import_segments s join spillway.imports i on i.id = s.import_id where i.file_name = 'sixth.nessus' $$,
  $$ values ('\x01'::bytea, 1200::bigint) $$, 'the place stays before the batch, of which not all was tried');
select is(spillway.fail_trial(:'sixth', 1) ->> 'state', 'failed', 'the import ends');
select is((select error ->> 'message' from spillway.imports where id = :'sixth'),
  'the database refused 1001 records, of an import it may be 1000; the list of errors says why', 'loudly');
select spillway.retry_import(:one, :'sixth');
select spillway.claim_import('40 s', 100);
select is(pg_temp.ingest_as_read(:'sixth', 2, pg_temp.batch(20001, 22000), '\x02') ->> 'state', 'running', 'once the cause is gone it goes on where it stopped');
select is((select count(*)::integer from spillway.occurrences where port between 20001 and 22000), 2000, 'and nothing is missing');
select is(pg_temp.ingest_as_read(:'sixth', 2, pg_temp.refused(30001, 30010), '\x03') ->> 'state', 'trial_failed', 'with the next that is refused it ends again');
select is(pg_temp.refused_of(:'sixth')::integer, spillway.max_refused_records() + 2, 'after that one');

select * from finish();
rollback;
