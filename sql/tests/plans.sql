-- Plans change with what PostgreSQL knows of the tables, and are kept for as long as a connection lasts.
begin;
select plan(2);

select spillway.create_workspace('one') as one \gset
\set import '01900000-0000-7000-8000-000000000001'

-- An empty queue of one page, as autovacuum sees it mostly: then each segment is compared with the imports that are next.
analyze spillway.import_queue;
select spillway.open_upload(:one, :'import'), spillway.create_import(:one, :'import', 'all.zip', 20, sha256('1'), p_entries =>
  (select jsonb_agg(jsonb_build_object('name', n, 'offset', n, 'size', 1, 'format', 'nmap')) from generate_series(0, 19) n)) \g /dev/null
select is((select count(*) from spillway.import_queue where admitted), 20::bigint, 'an import is admitted with all its segments, however it is planned');

-- The plans of batches are made while the tables are small.
create function pg_temp.batch(p_from integer, p_to integer) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('identity', md5(n::text), 'tool', 'nessus', 'kind', 'host', 'rule_id', n::text, 'title', repeat('t', 100),
    'severity', 'high', 'status', 'open', 'description', repeat('d', 500), 'offset', n))
  from generate_series(p_from, p_to) n $$;
select spillway.batch_insert_findings(:one, :'import', pg_temp.batch(1000 * n + 1, 1000 * n + 1000)) from generate_series(0, 9) n;
select is((select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'spillway.findings'::regclass), 0::bigint,
  'a batch reads no other rows than its own, however small the table was when its plan was made');

select * from finish();
rollback;
