begin;
select plan(29);

select spillway.create_workspace('one') as one \gset
\set first '01900000-0000-7000-8000-000000000001'
\set second '01900000-0000-7000-8000-000000000002'
select spillway.create_import(:one, :'first', 'first.nessus', 'k1', 1000, sha256('1'), null);
select spillway.create_import(:one, :'second', 'second.nessus', 'k2', 1000, sha256('2'), null);
select spillway.claim_imports(2, '40 s');

-- n findings at one port each of one host; p_offset is where the first record stands.
create function pg_temp.batch(p_from integer, p_to integer, p_title text default 'title', p_offset bigint default 0) returns jsonb language sql as $$
  select jsonb_build_object(
    'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'host', 'identity', '10.0.0.1', 'attributes', '{"os": "x"}'::jsonb)),
    'findings', jsonb_agg(jsonb_build_object('identity', md5('f' || n), 'tool', 'nessus', 'kind', 'host', 'rule_id', n::text,
      'title', p_title, 'severity', 'high', 'status', 'open', 'offset', p_offset + n, 'cvss', '[{"version": "3.1", "score": 7.5}]'::jsonb)),
    'occurrences', jsonb_agg(jsonb_build_object('id', md5('o' || n), 'finding_id', md5('f' || n), 'asset_id', md5('a'), 'port', n,
      'source_offset', p_offset + n, 'source_line', n)),
    'problems', '[]'::jsonb)
  from generate_series(p_from, p_to) n $$;
create function pg_temp.ingest(p_import uuid, p_batch jsonb, p_attempt integer default 1) returns text language sql as $$
  select spillway.ingest_batch(p_import, p_attempt, '40 s', p_batch, 10, 'nessus', '\x01', 500) ->> 'state' $$;
create function pg_temp.counts(p_import uuid) returns text language sql as $$
  select concat_ws(' ', assets_new, assets_updated, findings_new, findings_updated, findings_reopened, occurrences_new, occurrences_updated, errors)
  from spillway.imports where id = p_import $$;

select is(pg_temp.ingest(:'first', pg_temp.batch(1, 10)), 'running', 'a batch is stored');
select is(pg_temp.counts(:'first'), '1 0 10 0 0 10 0 0', 'everything in it is new');
select results_eq($$ select format, bytes_read, items, stage::text, checkpoint from spillway.imports where file_name = 'first.nessus' $$,
  $$ values ('nessus', 500::bigint, 10::bigint, 'findings', '\x01'::bytea) $$, 'progress and place are saved with it');
select pg_temp.ingest(:'first', pg_temp.batch(1, 10));
select is(pg_temp.counts(:'first'), '1 0 10 0 0 10 0 0', 'the same batch again counts nothing twice');
select is((select count(*)::integer from spillway.occurrences), 10, 'and stores nothing twice');

select is(pg_temp.ingest(:'first', pg_temp.batch(11, 12), 2), 'stale', 'who has not the present attempt is told');
select is((select count(*)::integer from spillway.findings), 10, 'and stores nothing');

select pg_temp.ingest(:'second', pg_temp.batch(6, 15, 'second title'));
select is(pg_temp.counts(:'second'), '0 1 5 5 0 5 5 0', 'a second import counts what it knew before as updated');
select is((select title from spillway.findings where rule_id = '6'), 'second title', 'the newer import''s words are stored');
select is((select title from spillway.findings where rule_id = '5'), 'title', 'what it did not see stays');
select pg_temp.ingest(:'first', pg_temp.batch(6, 6, 'late title'));
select is((select title from spillway.findings where rule_id = '6'), 'second title', 'an older import that comes later changes nothing');
select is(pg_temp.counts(:'first'), '1 0 10 0 0 10 0 0', 'and counts nothing that it counted before');
select pg_temp.ingest(:'second', pg_temp.batch(7, 7, 'later in the file', 1000));
select is((select title from spillway.findings where rule_id = '7'), 'second title', 'of several records of one report the first counts');
select pg_temp.ingest(:'second', pg_temp.batch(7, 7, 'earlier in the file', -1000));
select is((select title from spillway.findings where rule_id = '7'), 'earlier in the file', 'in whatever order they arrive');

update spillway.findings set status = 'closed' where rule_id in ('1', '2');
update spillway.findings set status = 'accepted_risk', decided_at = now() where rule_id = '3';
\set third '01900000-0000-7000-8000-000000000003'
select spillway.create_import(:one, :'third', 'third.nessus', 'k3', 1000, sha256('3'), null);
select spillway.claim_imports(1, '40 s');
select pg_temp.ingest(:'third', pg_temp.batch(1, 4));
select is(pg_temp.counts(:'third'), '0 1 0 2 2 0 4 0', 'closed findings that are seen again are reopened');
select is((select status::text from spillway.findings where rule_id = '1'), 'open', 'and open');
select is((select status::text from spillway.findings where rule_id = '3'), 'accepted_risk', 'a person''s decision stays');

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
select is((select count(*)::integer from spillway.assets), 2, 'an asset that is refused does not stop the others');
select is((select count(*)::integer from spillway.import_errors where kind = 'asset'), 1, 'and is noted');
select pg_temp.ingest(:'third', '{"assets": [], "findings": [], "occurrences": [], "problems": [
  {"code": "missing_field", "message": "no pluginID", "offset": 7, "line": 2, "excerpt": "<ReportItem>"}]}');
select is((select count(*)::integer from spillway.import_errors where kind = 'record' and source_offset = 7), 1, 'what the parser could not use is noted');

select is(spillway.finish_import(:'third', 1) ->> 'state', 'completed', 'an import ends');
select is((select kind::text from spillway.notifications where import_id = :'third'), 'warning', 'with errors: a warning');
select is(pg_temp.ingest(:'third', pg_temp.batch(1, 1)), 'stale', 'an ended import takes nothing more');

select * from finish();
rollback;
