-- Plans change with what PostgreSQL knows of the tables, and are kept for as long as a connection lasts.
begin;
select plan(37);

select spillway.create_workspace('one') as one \gset
\set import '01900000-0000-7000-8000-000000000001'

-- An empty queue of one page, as autovacuum sees it mostly: then each segment is compared with the imports that are next.
analyze spillway.import_queue;
select spillway.open_upload(:one, :'import'), spillway.create_import(:one, :'import', 'all.zip', 20, sha256('1'), p_entries =>
  (select jsonb_agg(jsonb_build_object('name', n, 'offset', n, 'size', 1, 'format', 'nmap')) from generate_series(0, 19) n)) \g /dev/null
select is((select count(*) from spillway.import_queue where admitted), 20::bigint, 'an import is admitted with all its segments, however it is planned');

-- The plans of batches are made while the tables are small.
create function pg_temp.batch(p_from integer, p_to integer) returns spillway.finding_columns language sql as $$
  select jsonb_populate_record(null::spillway.finding_columns, spillway.columns_of(jsonb_agg(jsonb_build_object('id', md5(n::text), 'tool', 'nessus', 'kind', 'host', 'rule_id', n::text, 'title', repeat('t', 100),
    'severity', 'high', 'status', 'open', 'description', repeat('d', 500), 'source_offset', n))))
  from generate_series(p_from, p_to) n $$;
select spillway.batch_insert_findings(:one, :'import', pg_temp.batch(1000 * n + 1, 1000 * n + 1000)) from generate_series(0, 9) n;
select is((select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'spillway.findings'::regclass), 0::bigint,
  'a batch reads no other rows than its own, however small the table was when its plan was made');

-- The end of an import comes before anybody has analyzed what it brought.
select spillway.batch_insert_findings(:one, :'import', pg_temp.batch(1000 * n + 1, 1000 * n + 1000)) from generate_series(10, 19) n;
create function pg_temp.blocks(p_call text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) select ' || p_call into v_plan;
  return (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end $$;
select cmp_ok(pg_temp.blocks(format('spillway.note_gate(%s, %L)', :one, :'import')), '<', 20000 * 8::bigint, 'each of its findings is looked at once');

-- Lists read what they show, wherever the page begins and whatever they are filtered by: 100,000 rows of each.
select spillway.create_workspace('listed') as listed \gset
insert into spillway.imports (workspace_id, id, file_name, object_key, size_bytes, sha256, state, stage, bytes_read, finished_at)
select :listed, ('01900000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'f', 'k', 1, sha256('x'),
  case when n % 1000 = 0 then 'cancelled' else 'completed' end::spillway.import_state, case when n % 1000 = 0 then 'queued' else 'done' end::spillway.import_stage, 1, now()
from generate_series(1, 100000) n;
\set listed_import '01900000-0000-7000-9000-000000000001'
insert into spillway.assets (workspace_id, id, kind, identity, first_import_id, last_import_id)
select :listed, md5('a' || n)::uuid, 'host', 'host ' || n, :'listed_import', :'listed_import' from generate_series(1, 100000) n;
insert into spillway.findings (workspace_id, id, tool, kind, rule_id, title, severity, status, source_offset, first_import_id, last_import_id)
select :listed, md5('f' || n)::uuid, 't', 'host', n, 'title', case when n % 100 = 0 then 'critical' when n % 10 = 0 then 'high' else 'info' end::spillway.severity,
  case when n % 1000 = 0 then 'false_positive' when n % 20 = 0 then 'closed' else 'open' end::spillway.finding_status, n, :'listed_import', :'listed_import'
from generate_series(1, 100000) n;
insert into spillway.import_findings (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
select workspace_id, last_import_id, id, 'new', severity, source_offset from spillway.findings where workspace_id = :listed;
insert into spillway.occurrences (workspace_id, id, finding_id, asset_id, source_offset, first_import_id, last_import_id)
select :listed, md5('o' || n)::uuid, md5('f' || case when n % 2 = 0 then 1 else n end)::uuid, md5('a' || n)::uuid, n, :'listed_import', :'listed_import'
from generate_series(1, 100000) n;
insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset)
select :listed, :'listed_import', 'record', 'c', 'm', n from generate_series(1, 100000) n;
insert into spillway.notifications (workspace_id, id, kind, import_id, title, message)
select :listed, ('01900000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, 'completed', :'listed_import', 't', 'm' from generate_series(1, 100000) n;
insert into spillway.events (workspace_id, id, actor, action, object_id)
select :listed, ('01900000-0000-7000-b000-' || lpad(to_hex(n), 12, '0'))::uuid, 'a', case when n % 1000 = 0 then 'key.created' else 'finding.decided' end,
  case when n % 1000 = 1 then 'rare' else n::text end from generate_series(1, 100000) n;
analyze spillway.events, spillway.imports, spillway.assets, spillway.findings, spillway.import_findings, spillway.occurrences, spillway.import_errors, spillway.notifications;

create function pg_temp.rows_read() returns bigint language sql as $$
  select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables where schemaname = 'spillway' $$;
create function pg_temp.reads(p_call text) returns bigint language plpgsql as $$
declare
  v_before bigint := pg_temp.rows_read();
begin
  execute p_call;
  return pg_temp.rows_read() - v_before;
end $$;
select ok(pg_temp.reads(format('select spillway.activity(%s)', :listed)) < 1200, 'what a page polls reads no more than the imports that it shows, and the unread that a badge shows');
-- Rows that are read for a page of 50, and whether it has 50.
create function pg_temp.page(p_call text) returns text language plpgsql as $$
declare
  v_before bigint := pg_temp.rows_read();
  v_page spillway.page;
begin
  execute 'select p.items, p.next from spillway.' || p_call || ' p' into v_page;
  return case when pg_temp.rows_read() - v_before > 300 then format('%s rows', pg_temp.rows_read() - v_before)
    when jsonb_array_length(v_page.items::jsonb) <> 50 or v_page.next is null then 'no whole page' else 'ok' end;
end $$;
\set half '80000000-0000-0000-0000-000000000000'
select min(id) + 90000 as late_error from spillway.import_errors \gset
select is(pg_temp.page(format(call, :listed, :'listed_import', :'half', md5('f1'), :late_error)), 'ok', call)
from (values
  ('list_findings(%1$s, ''{}'', null, null, 50)'),
  ('list_findings(%1$s, ''{}'', ''info'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"severity":["info"]}'', null, null, 50)'),
  ('list_findings(%1$s, ''{"severity":["info"]}'', ''info'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"status":["open"]}'', null, null, 50)'),
  ('list_findings(%1$s, ''{"status":["open"]}'', ''info'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"status":["false_positive"]}'', null, null, 50)'),
  ('list_findings(%1$s, ''{"status":["closed"]}'', ''high'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"severity":["high"],"status":["closed"]}'', ''high'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"import_id":"%2$s"}'', null, null, 50)'),
  ('list_findings(%1$s, ''{"import_id":"%2$s"}'', ''info'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"import_id":"%2$s","severity":["high"]}'', null, null, 50)'),
  ('list_findings(%1$s, ''{"import_id":"%2$s","severity":["info"]}'', ''info'', %3$L, 50)'),
  ('list_findings(%1$s, ''{"import_id":"%2$s","status":["open"]}'', ''info'', %3$L, 50)'),
  ('list_assets(%1$s, ''{}'', null, 50)'),
  ('list_assets(%1$s, ''{}'', %3$L, 50)'),
  ('list_occurrences(%1$s, null, null, 50)'),
  ('list_occurrences(%1$s, null, %3$L, 50)'),
  ('list_occurrences(%1$s, %4$L, null, 50)'),
  ('list_occurrences(%1$s, %4$L, %3$L, 50)'),
  ('list_imports(%1$s, null, 50)'),
  ('list_imports(%1$s, ''01900000-0000-7000-9000-000000001000'', 50)'),
  ('list_imports(%1$s, null, 50, ''cancelled'')'),
  ('list_import_errors(%1$s, %2$L, null, 50)'),
  ('list_import_errors(%1$s, %2$L, %5$s, 50)'),
  ('list_notifications(%1$s, null, 50)'),
  ('list_notifications(%1$s, ''01900000-0000-7000-a000-000000001000'', 50)'),
  ('list_events(%1$s, null, 50)'),
  ('list_events(%1$s, ''01900000-0000-7000-b000-000000001000'', 50)'),
  ('list_events(%1$s, null, 50, ''finding.decided'')'),
  ('list_events(%1$s, null, 50, ''key.created'')'),
  ('list_events(%1$s, null, 50, null, ''rare'')'),
  ('list_events(%1$s, null, 50, ''finding.decided'', ''rare'')')
) as c (call);

select * from finish();
rollback;
