begin;
select plan(17);

select spillway.create_workspace('one') as one \gset
\set packed '01900000-0000-7000-8000-000000000001'
\set mixed '01900000-0000-7000-8000-000000000002'
\set plain '01900000-0000-7000-8000-000000000003'
select spillway.open_upload(:one, :'packed'), spillway.create_import(:one, :'packed', 'all.zip', 1000, sha256('1'), p_left_out => 'left out: notes.txt', p_entries =>
  '[{"name": "a.xml", "offset": 0, "size": 400, "format": "nmap"}, {"name": "b.xml", "offset": 400, "size": 600, "format": "nmap"}]') as document \gset

-- Each report of an upload is a segment.
select results_eq($$ select segment::integer, starts_at::integer, ends_at::integer, bytes_read::integer, entry_name, entry_starts_at::integer, entry_ends_at::integer, format
    from spillway.import_segments order by segment $$,
  $$ values (0, 0, 400, 0, 'a.xml', 0, 400, 'nmap'), (1, 400, 1000, 400, 'b.xml', 400, 1000, 'nmap') $$, 'each report of a packed upload is a segment');
select results_eq($$ select segment::integer, admitted from spillway.import_queue order by segment $$, $$ values (0, true), (1, true) $$, 'and all wait for drains');
select is(:'document'::jsonb -> 'entries', '[{"name": "a.xml", "size": 400, "format": "nmap"}, {"name": "b.xml", "size": 600, "format": "nmap"}]',
  'the import tells what was in it');
select is(:'document'::jsonb ->> 'format', 'nmap', 'and the format that all have');
select is(:'document'::jsonb #> '{counts,errors_by_code}', '{"unknown_entry": 1}', 'and that something was left out');
select is((select message from spillway.import_errors), 'left out: notes.txt', 'which its errors name');

create function pg_temp.claim() returns text language sql as $$
  select concat_ws(' ', c ->> 'attempt', c ->> 'entry_name', c ->> 'entry_starts_at', c ->> 'entry_ends_at', c ->> 'ends_at', c ->> 'format')
  from nullif(spillway.claim_import('40 s', 100) -> 'claim', 'null') c where c is not null $$;
create function pg_temp.fence(p_import uuid, p_attempt integer) returns bigint language sql as $$
  select fence from spillway.import_queue where import_id = p_import and attempt = p_attempt $$;
create function pg_temp.ingest(p_attempt integer, p_read bigint) returns text language sql as $$
  select spillway.ingest_batch('01900000-0000-7000-8000-000000000001', p_attempt,
    pg_temp.fence('01900000-0000-7000-8000-000000000001', p_attempt), '40 s', jsonb_build_object('assets', '[]'::jsonb, 'findings', '[]'::jsonb,
    'problems', '[{"code": "invalid_field", "message": "no port", "offset": 10, "line": 2}]'::jsonb), null, 1, 'other', '\x00', p_read) ->> 'state' $$;
select is(pg_temp.claim(), '1 a.xml 0 400 400 nmap', 'a drain is told where its report begins and ends');
select is(pg_temp.claim(), '2 b.xml 400 1000 1000 nmap', 'and another drain gets the next');
select is(pg_temp.ingest(1, 100), 'running', 'batches of one report');
select is(pg_temp.ingest(2, 500), 'running', 'and of another are stored');
select is((select bytes_read::integer from spillway.imports), 200, 'and what was read of each adds up');
select results_eq($$ select message, source_offset::integer from spillway.import_errors where source_offset is not null order by source_offset $$,
  $$ values ('a.xml: no port', 10), ('b.xml: no port', 410) $$, 'a problem says in which report it is');
select is((select format from spillway.imports), 'nmap', 'the format stays what it was told to be');

-- A report of an archive can be cut further.
select is(spillway.cut_segment(:'packed', 2, pg_temp.fence(:'packed', 2), '40 s', 700, '\x00') ->> 'state', 'running', 'one of several reports can be cut');
select is(pg_temp.claim(), '3 b.xml 400 1000 1000 nmap', 'and the part behind the cut is still of that report');

-- Reports of several formats, and a plain one.
select spillway.open_upload(:one, :'mixed');
select is(spillway.create_import(:one, :'mixed', 'all.zip', 20, sha256('1'), p_entries =>
  '[{"name": "a", "offset": 0, "size": 10, "format": "nmap"}, {"name": "b", "offset": 10, "size": 10, "format": "zap"}]') ->> 'format', null, 'several formats are not one');
select spillway.open_upload(:one, :'plain');
select is(spillway.create_import(:one, :'plain', 'a.xml', 10, sha256('1')) -> 'entries', 'null', 'a plain report has no entries');

select * from finish();
rollback;
