-- Whatever is called for a workspace does nothing with what is another's.
begin;
select plan(34);

select spillway.create_workspace('owner') as owner, spillway.create_workspace('stranger') as stranger \gset
\set import '01900000-0000-7000-8000-000000000001'
\set failed '01900000-0000-7000-8000-000000000002'
\set upload '01900000-0000-7000-8000-000000000003'
select spillway.open_upload(:owner, :'import', 'key'), spillway.create_import(:owner, :'import', 'f', 1000, sha256('1'), 'key');
select spillway.open_upload(:owner, :'failed'), spillway.create_import(:owner, :'failed', 'f', 1000, sha256('2'));
select spillway.open_upload(:owner, :'upload');
select spillway.claim_import('40 s', 4), spillway.claim_import('40 s', 4);
with batch as (
  select jsonb_build_object(
    'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'host', 'identity', 'host')),
    'findings', jsonb_build_array(jsonb_build_object('id', md5('f'), 'tool', 't', 'kind', 'host', 'rule_id', '1', 'title', 'title', 'severity', 'high',
      'status', 'open', 'source_offset', 1)),
    'occurrences', jsonb_build_array(jsonb_build_object('id', md5('o'), 'finding_id', md5('f'), 'asset_id', md5('a'), 'source_offset', 1)),
    'problems', '[{"code": "c", "message": "m", "offset": 1}]'::jsonb) as rows)
select spillway.ingest_batch(q.import_id, q.attempt, q.fence, '40 s', rows, spillway.findings_of(rows -> 'findings'),
  spillway.occurrences_of(rows -> 'occurrences'), 1, 'f', '\x01', 500) from batch, spillway.import_queue q where q.import_id = :'import';
select spillway.fail_import(q.import_id, q.attempt, '{"message": "broken"}', false) from spillway.import_queue q where q.import_id = :'failed';
select id as notification from spillway.notifications limit 1 \gset

select spillway.create_api_key('owner', 'key', sha256('key'), '{read}', null) ->> 'id' as key \gset
select spillway.create_member(:owner, '{"name": "Ann", "email": "ann@a.example", "scopes": ["read"]}') ->> 'id' as member \gset
insert into spillway.sessions (workspace_id, key_id, hash, expires_at) values (:owner, :'key', sha256('token'), now() + interval '1 hour');

create function pg_temp.contents() returns text language plpgsql as $$
declare
  v_table regclass;
  v_rows text;
  v_all text := '';
begin
  for v_table in select c.oid from pg_class c where c.relnamespace = 'spillway'::regnamespace and c.relkind = 'r' order by c.relname loop
    execute format('select string_agg(t::text, E''\n'' order by t::text) from %s t', v_table) into v_rows;
    v_all := concat_ws(E'\n', v_all, v_table, v_rows);
  end loop;
  return v_all;
end $$;
create function pg_temp.is_empty(p_page spillway.page) returns boolean language sql as $$ select p_page.items = '[]' and p_page.next is null $$;
create temporary table before as select pg_temp.contents() as contents;

select throws_ok(format('select spillway.create_import(%s, %L, ''f'', 1, sha256(''3''))', :stranger, :'upload'), 'SW409', null, 'create_import');
select throws_ok(format('select spillway.cancel_import(%s, %L)', :stranger, :'import'), 'SW404', null, 'cancel_import');
select throws_ok(format('select spillway.remove_import(%s, %L)', :stranger, :'import'), 'SW404', null, 'remove_import');
select throws_ok(format('select spillway.retry_import(%s, %L)', :stranger, :'failed'), 'SW404', null, 'retry_import');
select throws_ok(format('select spillway.retry_errors(%s, %L)', :stranger, :'failed'), 'SW404', null, 'retry_errors');
select throws_ok(format('select spillway.retry_rows(%s, %L, 1, ''{}'', ''{}'', null, ''{}'', ''[]'')', :stranger, :'failed'), 'SW404', null, 'retry_rows');
select throws_ok(format('select spillway.import_status(%s, %L)', :stranger, :'import'), 'SW404', null, 'import_status');
select throws_ok(format('select spillway.stored_report(%s, %L)', :stranger, :'import'), 'SW404', null, 'stored_report');
select is((select document::jsonb - 'workspace' from spillway.activity(:stranger)), '{"active": [], "ended": [], "unread": 0, "poll_after_ms": 15000}', 'activity');
select throws_ok(format('select spillway.list_import_errors(%s, %L, null, 9)', :stranger, :'import'), 'SW404', null, 'list_import_errors');
select throws_ok(format('select spillway.get_finding(%s, %L)', :stranger, md5('f')), 'SW404', null, 'get_finding');
select throws_ok(format('select spillway.decide_finding(%s, %L, ''closed'')', :stranger, md5('f')), 'SW404', null, 'decide_finding');
select throws_ok(format('select spillway.decide_findings(%s, %L)', :stranger, jsonb_build_object('status', 'closed', 'ids', jsonb_build_array(md5('f')::uuid))), 'SW404', null, 'decide_findings');
select throws_ok(format('select spillway.undo_decision(%s, %L)', :stranger, md5('d')), 'SW404', null, 'undo_decision');
select throws_ok(format('select spillway.mark_notifications_read(%s, %L)', :stranger, :'notification'), 'SW404', null, 'mark_notifications_read');
select is(spillway.count_unread(:stranger), 0::bigint, 'count_unread');
select ok(pg_temp.is_empty(spillway.list_imports(:stranger, null, 9)), 'list_imports');
select ok(pg_temp.is_empty(spillway.list_findings(:stranger, '{}', null, null, 9)), 'list_findings');
select ok(pg_temp.is_empty(spillway.list_findings(:stranger, jsonb_build_object('import_id', :'import'), null, null, 9)), 'list_findings, of an import');
select is(spillway.get_finding_days(:stranger, 30)::jsonb -> 'items', '[]', 'get_finding_days');
select throws_ok(format('select spillway.get_asset(%s, (select id from spillway.assets limit 1))', :stranger), 'SW404', 'there is no such asset', 'get_asset');
select ok(pg_temp.is_empty(spillway.list_assets(:stranger, '{}', null, 9)), 'list_assets');
select ok(pg_temp.is_empty(spillway.list_occurrences(:stranger, md5('f')::uuid, null, 9)), 'list_occurrences');
select ok(pg_temp.is_empty(spillway.list_notifications(:stranger, null, 9)), 'list_notifications');
select ok(not spillway.list_events(:stranger, null, 9)::text like '%' || :'import' || '%', 'list_events');
select ok(pg_temp.is_empty(spillway.list_keys(:stranger, null, 9)), 'list_keys');
select throws_ok(format('select spillway.rotate_key(%s, %L, sha256(''x''), null)', :stranger, :'key'), 'SW404', null, 'rotate_key');
select throws_ok(format('select spillway.revoke_key(%s, %L)', :stranger, :'key'), 'SW404', null, 'revoke_key');
select ok(pg_temp.is_empty(spillway.list_members(:stranger, null, 9)), 'list_members');
select throws_ok(format('select spillway.change_member(%s, %L, ''{"name": "mine"}'')', :stranger, :'member'), 'SW404', null, 'change_member');
select throws_ok(format('select spillway.remove_member(%s, %L)', :stranger, :'member'), 'SW404', null, 'remove_member');
select throws_ok(format($$ select spillway.end_session(%s, '\x00' || sha256('token')) $$, :stranger), 'SW404', null, 'end_session');
select throws_ok(format('select spillway.hold_upload(%s, %L, 1)', :stranger, :'upload'), 'SW409', null, 'hold_upload');
select spillway.mark_notifications_read(:stranger, null), spillway.close_upload(:stranger, :'upload'), spillway.note_upload_parts(:stranger, :'upload', 'parts');
select is(pg_temp.contents(), (select contents from before), 'and nothing has changed, by close_upload and note_upload_parts either');

select * from finish();
rollback;
