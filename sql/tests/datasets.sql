begin;
select plan(85);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set a '01900000-0000-7000-8000-00000000000a'
\set b '01900000-0000-7000-8000-00000000000b'
\set c '01900000-0000-7000-8000-00000000000c'
create function pg_temp.dataset(p_workspace integer, p_dataset text) returns jsonb language sql as $$
  select spillway.create_dataset(p_workspace, p_dataset::jsonb) $$;
create function pg_temp.make(p_workspace integer, p_id uuid, p_dataset text) returns jsonb language sql as $$
  select spillway.open_upload(p_workspace, p_id), spillway.create_import(p_workspace, p_id, 'f.csv', 1000, sha256('1'), p_dataset => p_dataset);
  select spillway.claim_import('40 s', 100) $$;
create function pg_temp.fence(p_import uuid) returns bigint language sql as $$ select fence from spillway.import_queue where import_id = p_import $$;
create function pg_temp.ingest(p_import uuid, p_columns text[], p_offsets bigint[], p_read integer default null, p_filtered integer default 0, p_rejected integer default 0,
  p_rescued text default null) returns jsonb language sql as $$
  select spillway.ingest_rows(p_import, attempt, fence, '40 s', 1, p_columns, p_offsets, p_rescued,
    (select coalesce(jsonb_agg(jsonb_build_object('code', 'type', 'message', 'm', 'offset', 1000 + n, 'line', n, 'column', 'id', 'excerpt', 'raw')), '[]')
      from generate_series(1, p_rejected) n),
    jsonb_build_object('read', coalesce(p_read, cardinality(p_offsets)), 'filtered', p_filtered, 'rejected', p_rejected, 'rescued', 0), 'csv', '\x01', 500)
  from spillway.import_queue where import_id = p_import $$;
create function pg_temp.finish(p_import uuid) returns text language sql as $$
  select spillway.finish_import(p_import, attempt, fence) ->> 'state' from spillway.import_queue where import_id = p_import $$;
create function pg_temp.books(p_import uuid) returns text language sql as $$
  select format('%s = %s + %s + %s + %s + %s', rows_read, rows_stored, rows_updated, rows_unchanged, rows_filtered, rows_rejected)
  from spillway.runs where import_id = p_import $$;
create function pg_temp.items(p_workspace integer, p_dataset text, p_where text default null) returns text language sql as $$
  select items from spillway.read_rows(p_workspace, p_dataset, null, p_where::jsonb, null, 100) $$;

-- What a dataset can be.
select is(pg_temp.dataset(:one, '{"name": "log", "columns": [{"name": "id", "type": "bigint"}, {"name": "it''s \"x\"", "type": "text"}]}') ->> 'write', 'append', 'rows are added');
select throws_ok(format('select pg_temp.dataset(%s, %L)', :one, '{"name": "log", "columns": [{"name": "id", "type": "bigint"}]}'), 'SW409', null, 'a name is used once');
select lives_ok(format('select pg_temp.dataset(%s, %L)', :two, '{"name": "log", "columns": [{"name": "id", "type": "bigint"}]}'), 'in a workspace');
select throws_ok(format('select spillway.get_dataset(%s, %L)', :two, 'm'), 'SW404', null, 'another workspace''s is not there');
select throws_ok(format('select pg_temp.dataset(%s, %L)', :one, d.d), 'SW422', null, d.d) from unnest(array[
  '{"name": "Log", "columns": [{"name": "id", "type": "bigint"}]}', '{"name": "x", "columns": []}', '{"name": "x", "columns": [{"name": "", "type": "text"}]}',
  '{"name": "x", "columns": [{"name": "_offset", "type": "text"}]}', '{"name": "x", "columns": [{"name": "ctid", "type": "text"}]}',
  '{"name": "preview", "columns": [{"name": "a", "type": "text"}]}', '{"name": "x", "columns": [{"name": "a", "type": "boolean"}], "indexes": [{"kind": "brin", "columns": ["a"]}]}', '{"name": "x", "columns": [{"name": "a", "type": "money"}]}',
  '{"name": "x", "columns": [{"name": "a", "type": "float8"}], "write": "merge", "key": ["a"]}',
  '{"name": "x", "columns": [{"name": "a", "type": "text"}], "write": "append", "key": ["a"]}',
  '{"name": "x", "columns": [{"name": "a", "type": "text"}], "partition": {"by": "hash", "partitions": 4}}',
  '{"name": "x", "columns": [{"name": "a", "type": "text"}], "partition": {"by": "month", "column": "a"}}',
  '{"name": "x", "columns": [{"name": "a", "type": "text"}], "indexes": [{"kind": "gin", "columns": ["a"]}]}']) as d (d);

-- Names may be anything, also what is a sign to the database.
select pg_temp.dataset(:one, format('{"name": "odd", "columns": [%s, {"name": "k", "type": "bigint"}], "write": "merge", "key": ["k"], "indexes": [{"kind": "btree", "columns": ["$put$"]}]}',
  (select string_agg(format('{"name": %s, "type": "bigint"}', to_json(n)), ', ') from unnest(array['$put$', '$$', 'a''; drop table x; --', '"%s"', '%1$s', repeat('é', 31)]) n))) \g /dev/null
select is(spillway.change_dataset(:one, 'odd', '{"add_columns": [{"name": "$append$", "type": "text"}]}') ->> 'schema_version', '2', 'they are columns like others');
select throws_ok(format('select spillway.change_dataset(%s, ''odd'', %L)', :one, d.d), 'SW422', null, d.d) from unnest(array['{"add_columns": []}',
  '{"add_columns": [{"name": "k", "type": "text"}]}', jsonb_build_object('description', repeat('d', 2001))::text, '{"indexes": [{"kind": "btree", "columns": ["k"]}]}']) as d (d);
select lives_ok(format('select spillway.change_dataset(%s, ''odd'', %L)', :one, '{"indexes": [{"kind": "btree", "columns": ["k"]}, {"kind": "btree", "columns": ["$put$"]}]}'), 'indexes are added, in any order');
select is((select count(*) from pg_indexes where schemaname = 'spillway_data' and tablename = (select format('d%s_g1', id) from spillway.datasets where name = 'odd')), 3::bigint, 'and each is there');
select is(spillway.aggregate_rows(:one, 'odd', jsonb_build_object('sum', jsonb_build_array(repeat('é', 31), '$put$'), 'min', jsonb_build_array('k')), null) - 'version',
  format('{"count": 0, "sum": {%s: null, "$put$": null}, "min": {"k": null}}', to_json(repeat('é', 31)))::jsonb, 'long names are told whole');

-- Append.
select is(pg_temp.make(:one, :'a', 'log') #>> '{claim,table,columns,1,name}', 'it''s "x"', 'who claims it is told the columns');
select is(pg_temp.ingest(:'a', array['{1,2}', '{"a","b"}'], '{0,10}', 5, 2, 1) ->> 'state', 'running', 'rows are stored');
select is(pg_temp.books(:'a'), '5 = 2 + 0 + 0 + 2 + 1', 'the books balance');
select is(spillway.ingest_rows(:'a', 1, pg_temp.fence(:'a') + 1, '40 s', 1, array['{1}', '{"a"}'], '{0}', null, '[]', '{"read": 1, "filtered": 0, "rejected": 0, "rescued": 0}',
  'csv', '\x02', 600) ->> 'state', 'stale', 'who has written what is not here is told');
select results_eq('select id, _offset from spillway_data.' || (select format('d%s_g1', id) from spillway.datasets where name = 'log' and workspace_id = :one),
  $$ values (1::bigint, 0::bigint), (2, 10) $$, 'and stores nothing');
select is((select format('%s %s %s', code, column_name, excerpt) from spillway.import_errors where import_id = :'a'), 'type id raw', 'what was rejected is kept');
select is(pg_temp.ingest(:'a', array['{3,4,5}', format('{"x",%s,"z"}', '"' || repeat('\\', 3) || '"')], '{20,30,40}') ->> 'state', 'running', 'a column may hold anything');
select throws_ok(format('select pg_temp.ingest(%L, array[%L, %L], %L, 3)', :'a', '{6}', '{"x"}', '{50}'), '23514', null, 'books that do not balance are none');
select is(pg_temp.finish(:'a'), 'completed', 'it ends');
select is((select rows from spillway.datasets where name = 'log' and workspace_id = :one), 5::bigint, 'and its rows are counted');
select is((select jsonb_array_length(document::jsonb) from spillway.tails), 5, 'and are the last');
select is(pg_temp.items(:one, 'log', '[{"column": "id", "in": [2, 3], "max": 2}]'), '[{"id":2,"it''s \"x\"":"b","_rescued":null}]', 'they can be asked for');
select throws_ok(format('select pg_temp.items(%s, %L, %L)', :one, 'log', f), 'SW400', null, f) from unnest(array['[{"column": "id", "equals": "x"}]', '[{"column": "id", "in": null}]',
  '[{"column": "id", "not_in": 1}]', '[{"column": "id", "is_null": null}]', '[{"column": "no", "equals": 1}]']) f;
select throws_ok(format('select spillway.read_rows(%s, ''log'', null, null, %L, 9)', :one, p), 'SW400', null, p) from unnest(array['{"generation": "x"}', '{"generation": []}']) p;

-- A row that the database refuses.
select pg_temp.make(:one, :'b', 'log') \g /dev/null
select is(pg_temp.ingest(:'b', array['{1,x,3}', '{"a","b","c"}'], '{0,10,20}') ->> 'state', 'running', 'one bad row');
select is(pg_temp.books(:'b'), '3 = 2 + 0 + 0 + 0 + 1', 'is found among the others, which are stored');
select is(pg_temp.ingest(:'b', array['{4,5,6}', '{"a",NULL,"c"}'], '{30,40,50}') ->> 'state', 'running', 'the next is stored');
select is(pg_temp.finish(:'b'), 'completed', 'and it ends');

-- One in a batch that needs partitions first.
\set i '01900000-0000-7000-8000-000000000012'
select pg_temp.dataset(:one, '{"name": "p", "columns": [{"name": "id", "type": "bigint"}, {"name": "on", "type": "date"}], "partition": {"by": "month", "column": "on"}}') \g /dev/null
select pg_temp.make(:one, :'i', 'p') \g /dev/null
select is(pg_temp.ingest(:'i', array['{1,x,3}', '{2026-01-01,2026-02-01,2026-03-01}'], '{0,10,20}') ->> 'months', '["2026-01-01"]', 'the months of what can be stored are asked for');
select spillway.make_partitions(:'i', 1, '{2026-01-01}'), spillway.make_partitions(:'i', 1, '{2026-03-01}') \g /dev/null
select is(pg_temp.ingest(:'i', array['{1,x,3}', '{2026-01-01,2026-02-01,2026-03-01}'], '{0,10,20}') ->> 'state', 'running', 'and then all else is stored');
select is(pg_temp.books(:'i'), '3 = 2 + 0 + 0 + 0 + 1', 'but for that one');
select is((select format('%s %s', source_offset, excerpt) from spillway.import_errors where import_id = :'i'), '10 { "id" : "x", "on" : "2026-02-01" }',
  'which is kept as it was to be stored');
select pg_temp.finish(:'i') \g /dev/null

-- What was rejected, once more.
\set k '01900000-0000-7000-8000-000000000013'
select pg_temp.make(:one, :'k', 'p') \g /dev/null
select spillway.ingest_rows(:'k', attempt, fence, '40 s', 1, '{}', '{}', null, (select jsonb_agg(jsonb_build_object('code', 'type', 'message', 'm', 'offset', n, 'line', n + 1,
    'column', 'id', 'excerpt', 'raw', 'record', jsonb_build_object('n', n)::text)) from generate_series(1, 5) n), '{"read": 5, "filtered": 0, "rejected": 5, "rescued": 0}', 'csv', '\x01', 500)
from spillway.import_queue where import_id = :'k' \g /dev/null
select throws_ok(format('select spillway.retry_errors(%s, %L)', :one, :'k'), 'SW409', null, 'not before the end');
select pg_temp.finish(:'k') \g /dev/null
create temporary table rejected as select id, source_offset as n from spillway.import_errors where import_id = :'k';
select spillway.add_mapping(:one, 'p', '{"version": 1, "columns": []}') \g /dev/null
select is(spillway.retry_errors(:one, :'k', array(select id from rejected where n < 3)) #- '{table,rows,0,id}' #- '{table,rows,1,id}', '{"table": {"schema_version": 1, "format": "csv", "mapping": {"version": 1, "columns": []},
  "columns": [{"name": "id", "type": "bigint", "required": false}, {"name": "on", "type": "date", "required": true}],
  "rows": [{"offset": 1, "line": 2, "record": "{\"n\": 1}"}, {"offset": 2, "line": 3, "record": "{\"n\": 2}"}]}}', 'whoever tries them is told how');
-- The first is stored, in a month that is not there yet; of the second one row is, and one not: none; the third is filtered, the fourth rejected again.
create function pg_temp.again(p_workspace integer, p_import uuid) returns jsonb language sql as $$
  select spillway.retry_rows(p_workspace, p_import, 1, array['{10,20,x}', '{2027-01-01,2027-02-01,2027-02-02}'], '{1,2,2}', null,
    array(select id from rejected join unnest('{1,2,2}'::integer[]) with ordinality as u (u, o) on u = n order by o),
    (select jsonb_agg(case n when 4 then jsonb_build_object('id', id, 'message', 'no', 'column', 'on', 'filtered', 0, 'rescued', 0) else jsonb_build_object('id', id, 'filtered', (n = 3)::integer, 'rescued', 0) end)
      from rejected where n < 5)) - 'links' $$;
select is(pg_temp.again(:one, :'k'), '{"stored": 2, "refused": 2, "errors": 3}', 'some are stored');
select is(pg_temp.books(:'k'), '5 = 1 + 0 + 0 + 1 + 3', 'the books balance');
select results_eq(format('select n, message, column_name, tries::integer from spillway.import_errors e join rejected r using (id) where import_id = %L order by n', :'k'),
  $$ values (2::bigint, 'invalid input syntax for type bigint: "x"', null, 2), (4, 'no', 'on', 2), (5, 'm', 'id', 1) $$, 'the others stay, with the newest reason');
select is((select error_counts from spillway.imports where id = :'k'), '{"type": 3}', 'and are counted');
select is(pg_temp.items(:one, 'p', '[{"column": "id", "min": 10}]'), '[{"id":10,"on":"2027-01-01","_rescued":null}]', 'what is stored can be read');
select throws_ok(format('select pg_temp.again(%s, %L)', :one, :'k'), 'SW409', null, 'nothing is stored twice');
select throws_ok(format('select spillway.retry_rows(%s, %L, 1, %L, %L, null, %L, %L)', :two, :'k', '{}', '{}', '{}', '[]'), 'SW404', null, 'a stranger stores nothing');
select is((select jsonb_array_length(spillway.retry_errors(:one, :'k') #> '{table,rows}')), 3, 'they can be tried again');

-- Merge.
select pg_temp.dataset(:one, '{"name": "m", "columns": [{"name": "id", "type": "bigint"}, {"name": "v", "type": "text"}], "write": "merge", "key": ["id"], "partition": {"by": "hash", "partitions": 2}}') \g /dev/null
select pg_temp.make(:one, :'c', 'm') \g /dev/null
select is(pg_temp.ingest(:'c', array['{1,2,1}', '{"a","b","c"}'], '{0,10,20}') ->> 'state', 'running', 'rows of one key');
select is(pg_temp.books(:'c'), '3 = 2 + 0 + 1 + 0 + 0', 'of which the last stays');
select is(pg_temp.items(:one, 'm'), '[{"id":1,"v":"c","_rescued":null},{"id":2,"v":"b","_rescued":null}]', 'in whatever order');
select pg_temp.ingest(:'c', array['{2,NULL}', '{"z","n"}'], '{5,30}') \g /dev/null
select is(pg_temp.books(:'c'), '5 = 2 + 0 + 2 + 0 + 1', 'what lies before changes nothing, and a key is never null');
select pg_temp.finish(:'c') \g /dev/null
\set d '01900000-0000-7000-8000-00000000000d'
select pg_temp.make(:one, :'d', 'm') \g /dev/null
select pg_temp.ingest(:'d', array['{1,2,3}', '{"c","y","w"}'], '{0,1,2}') \g /dev/null
select is(pg_temp.books(:'d'), '3 = 1 + 1 + 1 + 0 + 0', 'a later import wins; what is the same is not written');
select pg_temp.finish(:'d') \g /dev/null

-- Of imports, and of the files of one, the later row stays, whichever comes first.
\set f '01900000-0000-7000-8000-00000000000f'
\set g '01900000-0000-7000-8000-000000000010'
\set h '01900000-0000-7000-8000-000000000011'
select pg_temp.make(:one, :'f', 'm') \g /dev/null
select pg_temp.make(:one, :'g', 'm') \g /dev/null
select pg_temp.ingest(:'g', array['{1,2}', '{"c","y"}'], '{0,1}') \g /dev/null
select is(pg_temp.books(:'g'), '2 = 0 + 2 + 0 + 0 + 0', 'while an earlier import goes on, the places of rows are written that are there as they came');
select pg_temp.finish(:'g') \g /dev/null
select spillway.cancel_import(:one, :'f') \g /dev/null
select spillway.retry_import(:one, :'f') \g /dev/null
select spillway.claim_import('40 s', 100) \g /dev/null
select pg_temp.ingest(:'f', array['{1,2,3}', '{"older","older","older"}'], '{0,1,2}') \g /dev/null
select is(pg_temp.books(:'f'), '3 = 0 + 1 + 2 + 0 + 0', 'so that it takes the place of none of them, however late it comes');
select is(pg_temp.finish(:'f'), 'completed', 'it ends');
select spillway.open_upload(:one, :'h'), spillway.create_import(:one, :'h', 'f.zip', 1000, sha256('1'), p_dataset => 'm',
  p_entries => '[{"name": "a.csv", "offset": 100, "size": 400, "format": "csv"}, {"name": "b.csv", "offset": 600, "size": 400, "format": "csv"}]') \g /dev/null
select spillway.claim_import('40 s', 100) from generate_series(1, 2) \g /dev/null
select spillway.ingest_rows(:'h', attempt, fence, '40 s', 1, array['{1,2}', format('{%1$s,%1$s}', segment)], array[100 + segment * 500, 300 + segment * 500], null, '[]',
  '{"read": 2, "filtered": 0, "rejected": 0, "rescued": 0}', 'csv', '\x01', 500) from spillway.import_queue where import_id = :'h' order by segment desc \g /dev/null
select is(pg_temp.items(:one, 'm', '[{"column": "id", "max": 2}]'), '[{"id":1,"v":"1","_rescued":null},{"id":2,"v":"1","_rescued":null}]', 'a file that is packed behind another one has the later rows');

-- A dataset that is removed: its imports stay, and cannot go on.
\set l '01900000-0000-7000-8000-000000000015'
select pg_temp.dataset(:one, '{"name": "gone", "columns": [{"name": "id", "type": "bigint"}]}') \g /dev/null
select pg_temp.make(:one, :'l', 'gone') \g /dev/null
select throws_ok(format('select spillway.remove_dataset(%s, %L)', :one, 'gone'), 'SW409', null, 'not while an import of it is under way');
select spillway.cancel_import(:one, :'l') \g /dev/null
select lives_ok(format('select spillway.remove_dataset(%s, %L)', :one, 'gone'), 'it can be removed then');
select throws_ok(format('select spillway.retry_import(%s, %L)', :one, :'l'), 'SW409', null, 'and its import not be tried again');
select throws_ok(format('select spillway.retry_errors(%s, %L)', :one, :'l'), 'SW409', null, 'nor its errors');
select throws_ok(format('select spillway.retry_rows(%s, %L, 1, %L, %L, null, %L, %L)', :one, :'l', '{}', '{}', '{}', '[]'), 'SW409', null, 'by whoever has mapped them');
-- However it came to be queued: who claims it is not in everybody's way.
update spillway.imports set state = 'queued', finished_at = null, stage = 'queued' where id = :'l';
insert into spillway.import_queue (workspace_id, import_id, segment, attempt, admitted) values (:one, :'l', 0, 7, true);
select is(spillway.claim_import('40 s', 100) #> '{claim,table}', 'null', 'whoever claims it is told that there is nothing');
delete from spillway.import_queue where import_id = :'l';
update spillway.imports set state = 'cancelled', finished_at = now() where id = :'l';

-- Replace.
\set j '01900000-0000-7000-8000-000000000014'
\set e '01900000-0000-7000-8000-00000000000e'
select pg_temp.dataset(:one, '{"name": "r", "columns": [{"name": "at", "type": "timestamptz"}], "write": "replace", "partition": {"by": "month", "column": "at"},
  "indexes": [{"columns": ["at"], "kind": "brin"}]}') \g /dev/null
select pg_temp.make(:one, :'e', 'r') \g /dev/null
select is(pg_temp.ingest(:'e', array['{2026-01-31T23:30:00Z,2026-02-01 00:30:00 Europe/Madrid}'], '{0,30}') -> 'months', '["2026-01-01"]', 'partitions are asked for');
select is(spillway.make_partitions(:'e', 1, '{2026-01-01}') ->> 'state', 'running', 'and made');
select is(pg_temp.ingest(:'e', array['{2026-01-31T23:30:00Z,2026-02-01 00:30:00 Europe/Madrid}'], '{0,30}') ->> 'state', 'running', 'before rows are stored');
select is(pg_temp.items(:one, 'r'), '[]', 'nobody sees them yet');
select is(pg_temp.finish(:'e'), 'completed', 'until the end');
select pg_temp.make(:one, :'j', 'r') \g /dev/null
select spillway.cancel_import(:one, :'j') \g /dev/null
select throws_ok(format('select spillway.retry_rows(%s, %L, 1, %L, %L, null, %L, %L)', :one, :'j', '{}', '{}', '{}', '[]'), 'SW409', null,
  'rows that were never those of the dataset are not tried again');
select is(jsonb_array_length(pg_temp.items(:one, 'r')::jsonb), 2, 'then everybody does');
select is(spillway.remove_old_generations(10), 2, 'and the old rows go, as do those of what was removed');

select * from finish();
rollback;
