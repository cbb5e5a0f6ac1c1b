-- A workspace that is removed leaves nothing but the proof, and nothing of another is touched.
begin;
select plan(46);

select spillway.create_workspace('gone') as gone, spillway.create_workspace('stays') as stays \gset
-- Imports are numbered: the first two of a workspace are read, the third is claimed, the others wait.
create function pg_temp.id(p_workspace integer, n integer) returns uuid language sql as $$
  select ('01900000-0000-7000-8000-' || lpad(p_workspace::text, 6, '0') || lpad(n::text, 6, '0'))::uuid $$;
create function pg_temp.make(p_workspace integer, n integer) returns void language sql as $$
  select spillway.open_upload(p_workspace, pg_temp.id(p_workspace, n));
  select spillway.create_import(p_workspace, pg_temp.id(p_workspace, n), 'file', 100, sha256('x'), p_scope => 'main') $$;
create function pg_temp.fence(p_import uuid) returns bigint language sql as $$ select fence from spillway.import_queue where import_id = p_import $$;
create function pg_temp.read(p_import uuid) returns void language sql as $$
  with batch as (
    select jsonb_build_object(
      'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'host', 'identity', 'host')),
      'findings', jsonb_agg(jsonb_build_object('id', md5('f' || n), 'tool', 't', 'kind', 'host', 'rule_id', n, 'title', 'title', 'severity', 'high',
        'status', 'open', 'source_offset', n)),
      'occurrences', jsonb_agg(jsonb_build_object('id', md5('o' || n), 'finding_id', md5('f' || n), 'asset_id', md5('a'), 'source_offset', n)),
      'tools', '["t"]'::jsonb, 'problems', '[{"code": "c", "message": "m", "offset": 1}]'::jsonb) as rows
    from generate_series(1, 5) n)
  select spillway.ingest_batch(p_import, 1, pg_temp.fence(p_import), '40 s', rows, spillway.findings_of(rows -> 'findings'),
    spillway.occurrences_of(rows -> 'occurrences'), 5, 'f', '\x01', 50) from batch;
  select spillway.finish_import(p_import, 1, pg_temp.fence(p_import)) $$;
create function pg_temp.claimed() returns integer language sql as $$
  select i.workspace_id from spillway.claim_import('40 s', 100) c join spillway.imports i on i.id = (c #>> '{claim,import_id}')::uuid $$;
create function pg_temp.fill(p_workspace integer) returns void language sql as $$
  select spillway.create_api_key((select name from spillway.workspaces where id = p_workspace), 'key', sha256(p_workspace::text::bytea), '{upload,read}', null);
  -- Nobody else's imports are claimed meanwhile.
  update spillway.import_queue set available_at = 'infinity' where not claimed;
  select pg_temp.make(p_workspace, n) from generate_series(1, 3) n;
  select pg_temp.claimed() from generate_series(1, 3);
  select pg_temp.read(pg_temp.id(p_workspace, n)) from generate_series(1, 2) n;
  select pg_temp.make(p_workspace, n) from generate_series(4, 9) n;
  update spillway.import_queue set available_at = now() where not claimed;
  -- Uploads under way; reports removed from the store already, and about to be removed.
  select spillway.open_upload(p_workspace, pg_temp.id(p_workspace, n)) from generate_series(20, 21) n;
  update spillway.imports set report_removed_at = now() where id = pg_temp.id(p_workspace, 1) $$;
select pg_temp.fill(:gone), pg_temp.fill(:stays);
-- And one that broke off.
update spillway.uploads set seen_at = now() - interval '2 hours' where id = pg_temp.id(:gone, 21);

-- Tables, as the standard's catalog has them.
create function pg_temp.tables() returns setof text language sql as $$
  select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
  where c.table_schema = 'spillway' and c.column_name = 'workspace_id' and t.table_type = 'BASE TABLE' and table_name not in ('uploads', 'removals') $$;
create function pg_temp.rows_of(p_workspace integer) returns jsonb language plpgsql as $$
declare
  v_table text;
  v_count bigint;
  v_counts jsonb := '{}';
begin
  for v_table in select * from pg_temp.tables() loop
    execute format('select count(*) from spillway.%I where workspace_id = %s', v_table, p_workspace) into v_count;
    v_counts := v_counts || case when v_count > 0 then jsonb_build_object(v_table, v_count) else '{}' end;
  end loop;
  return v_counts;
end $$;
create function pg_temp.contents(p_workspace integer) returns text language plpgsql as $$
declare
  v_table text;
  v_rows text;
  v_all text;
begin
  for v_table in select * from pg_temp.tables() union all select 'uploads' loop
    execute format('select string_agg(t::text, E''\n'' order by t::text) from spillway.%I t where workspace_id = %s', v_table, p_workspace) into v_rows;
    v_all := concat_ws(E'\n', v_all, v_table, v_rows);
  end loop;
  return v_all;
end $$;

select set_eq($$ select spillway.tables_of_workspaces() $$, $$ select * from pg_temp.tables() $$, 'no table with rows of workspaces is forgotten');
select is_empty($$ select t from pg_temp.tables() t where not exists (select from pg_index x where x.indrelid = format('spillway.%I', t)::regclass and x.indisprimary) $$,
  'each has a key, by which its rows are removed');
select is_empty($$
  with ordered as (select t, n from spillway.tables_of_workspaces() with ordinality as o (t, n))
  select r.t, p.t from pg_constraint k join ordered r on k.conrelid = format('spillway.%I', r.t)::regclass join ordered p on k.confrelid = format('spillway.%I', p.t)::regclass
  where k.contype = 'f' and r.n > p.n $$, 'what refers to another goes before it');
select ok(pg_temp.rows_of(:gone) ?& '{api_keys,assets,finding_scopes,findings,import_assets,import_errors,import_findings,import_queue,import_segments,imports,notifications,occurrences}',
  'there is something to remove in each');
create temporary table before as select pg_temp.rows_of(:gone) as counts, pg_temp.contents(:stays) as others;

-- The beginning.
select throws_ok($$ select spillway.begin_removal('gonne') $$, 'SW404', 'there is no workspace of the name gonne, and none was removed', 'a misspelt workspace is none');
select throws_ok($$ select spillway.remove_some('gone', 10) $$, 'SW404', null, 'nothing is removed before it has begun');
select is(pg_temp.rows_of(:gone), (select counts from before), 'so nothing is changed');
select is(spillway.begin_removal('gone') - 'begun_at', jsonb_build_object('workspace', 'gone', 'workspace_id', :gone, 'removed_by', session_user,
  'ended_at', null, 'counts', '{}'::jsonb), 'a removal begins');
select is(spillway.begin_removal('gone') ->> 'workspace_id', :'gone', 'once: who begins it again goes on with it');
select is((select count(*)::integer from spillway.removals), 1, 'as one removal');

-- Nothing of it is taken in any more.
select throws_ok($$ select spillway.workspace_of_key(sha256((select workspace_id::text::bytea from spillway.removals)), '{read}') $$, 'SW401', null, 'its keys open nothing');
update spillway.api_keys set revoked_at = null where workspace_id = :gone;
select throws_ok($$ select spillway.workspace_of_key(sha256((select workspace_id::text::bytea from spillway.removals)), '{read}') $$, 'SW401', null,
  'not even one that was made at the same moment');
select is(spillway.workspace_of_key(sha256(:'stays'), '{read}'), :stays, 'those of others do');
select throws_ok($$ select spillway.create_api_key('gone', 'new', sha256('new'), '{read}', null) $$, 'SW404', null, 'it gets no new key');
select throws_ok($$ select spillway.create_workspace('gone') $$, 'SW409', 'the workspace gone is being removed; its name is free when that has ended', 'nor is it made anew');
select throws_ok(format($$ select spillway.open_upload(%s, %L) $$, :gone, pg_temp.id(:gone, 30)), 'SW401', null, 'no upload is opened');
select throws_ok(format($$ select spillway.create_import(%s, %L, 'f', 1, sha256('x')) $$, :gone, pg_temp.id(:gone, 20)), 'SW401', null, 'and none is finished');
select is(spillway.admit_imports(:gone), 0, 'no import is admitted');
update spillway.import_queue set admitted = true where workspace_id = :gone;
select is((select array_agg(distinct pg_temp.claimed()) from generate_series(1, 20)), array[:stays, null]::integer[], 'and none is claimed, but those of others are');
update before set others = pg_temp.contents(:stays);

-- Its rows go, a few at a time.
create temporary table steps (n serial, step jsonb);
create function pg_temp.remove(p_limit integer) returns text language plpgsql as $$
declare
  v_step jsonb;
begin
  loop
    v_step := spillway.remove_some('gone', p_limit);
    insert into steps (step) values (v_step);
    exit when v_step -> 'removed' = '{}';
  end loop;
  return format('%s objects, %s uploads, %s', v_step ->> 'objects_left', v_step ->> 'uploads_open', coalesce(v_step #>> '{removal,ended_at}', 'not ended'));
end $$;
select is(spillway.remove_some('gone', 2) -> 'removed', '{"import_queue": 2}', 'first nothing is worked on any more');
select is((select count(*)::integer from spillway.imports where workspace_id = :gone and state = 'cancelled'), 2, 'two imports at a time are cancelled');
select is((select count(*)::integer from spillway.import_queue where workspace_id = :stays), 7, 'none of others');
-- Whoever removes it is killed, and begins again.
select spillway.begin_removal('gone');
select is(pg_temp.remove(2), '9 objects, 1 uploads, not ended', 'all rows are removed, and what is in the store waits for the drain');
select is_empty($$ select step from steps, jsonb_each_text(step -> 'removed') r where r.key <> 'bytes' and r.value::integer > 2 $$, 'never more at a time than was asked for');
select is(pg_temp.rows_of(:gone), '{}', 'no table has a row of it');
select is((select counts - '{objects,bytes}'::text[] from spillway.removals), (select counts from before), 'as many as there were have been counted, table by table');
select is((select counts - array(select * from pg_temp.tables()) from spillway.removals), '{"objects": 8, "bytes": 800}',
  'and the reports that lay in the store: not the one that was removed before');
select is(spillway.remove_some('gone', 2) - 'removal', '{"removed": {}, "objects_left": 9, "uploads_open": 1}', 'it is not over while something is in the store');
select is((select name from spillway.workspaces where id = :gone), 'gone', 'the workspace is there until then');

-- Its objects go as all leftovers do.
create temporary table leftovers as select l ->> 'id' as id, l ->> 'object_key' as object_key from jsonb_array_elements(spillway.claim_leftovers(30, 100)) l;
select set_eq($$ select object_key from leftovers $$, format($$ select format('imports/%%s/%%s', %1$s, pg_temp.id(%1$s, n)) from unnest(array[2,3,4,5,6,7,8,9,21]) n $$, :gone),
  'the drain is told every object, and what is under way is left alone');
select is(spillway.forget_leftovers((select jsonb_agg(id) from leftovers where id <> pg_temp.id(:gone, 9)::text)), 8, 'those that it removed are forgotten');
select is(spillway.remove_some('gone', 2) - 'removal', '{"removed": {}, "objects_left": 1, "uploads_open": 1}', 'the one that the store kept is not');
select spillway.forget_leftovers(jsonb_build_array(pg_temp.id(:gone, 9)));
select is(spillway.remove_some('gone', 2) - 'removal', '{"removed": {}, "objects_left": 0, "uploads_open": 1}', 'an upload that is under way may yet leave something');
update spillway.uploads set seen_at = now() - interval '31 minutes' where workspace_id = :gone;
select is(spillway.remove_some('gone', 2) - 'removal', '{"removed": {}, "objects_left": 1, "uploads_open": 0}', 'without a sign of life it does no more');
select spillway.forget_leftovers((select jsonb_agg(l -> 'id') from jsonb_array_elements(spillway.claim_leftovers(30, 100)) l));

-- The end.
select isnt(spillway.remove_some('gone', 2) #>> '{removal,ended_at}', null, 'when nothing is left, the removal has ended');
select is_empty($$ select from spillway.workspaces where name = 'gone' $$, 'and the workspace is gone');
select is(pg_temp.rows_of(:gone), '{}', 'with all that was its own');
select is_empty(format($$ select from spillway.uploads where workspace_id = %s $$, :gone), 'also in the store');
select is(pg_temp.contents(:stays), (select others from before), 'nothing of the other has changed');
select throws_ok($$ select spillway.remove_some('gone', 2) $$, 'SW404', null, 'there is nothing more to remove');
select is(spillway.begin_removal('gone') - '{begun_at,ended_at}'::text[], jsonb_build_object('workspace', 'gone', 'workspace_id', :gone, 'removed_by', session_user,
  'counts', (select counts from before) || '{"objects": 8, "bytes": 800}'), 'the proof stays, and says what was removed');
select is_empty($$ select key from jsonb_object_keys((select to_jsonb(r) from spillway.removals r)) key
  where key not in ('workspace_id', 'name', 'removed_by', 'begun_at', 'ended_at', 'counts') $$, 'and nothing else');
select isnt(spillway.create_workspace('gone'), :gone, 'another may have its name');
select is(spillway.begin_removal('gone') ->> 'ended_at', null, 'and be removed in turn');

-- A step reads what it removes, however large the table is, and however small the server believes it to be.
analyze spillway.occurrences;
insert into spillway.occurrences (workspace_id, id, finding_id, asset_id, first_import_id, last_import_id)
select w, md5(w || 'o' || n)::uuid, md5('f')::uuid, md5('a')::uuid, md5('i')::uuid, md5('i')::uuid from unnest(array[:stays, 0]) w, generate_series(1, 20000) n;
create function pg_temp.rows_read() returns bigint language sql as $$
  select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'spillway.occurrences'::regclass $$;
select pg_temp.rows_read() as read \gset
select is(spillway.remove_rows('occurrences', 0, 100), 100::bigint, 'the first rows of a large table');
select cmp_ok(pg_temp.rows_read() - :read, '<=', 300::bigint, 'are removed without a look at the others');

select * from finish();
rollback;
