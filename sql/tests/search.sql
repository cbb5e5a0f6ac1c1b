-- Findings are found by what they are, at once and after they were indexed, and by nothing else.
begin;
select plan(58);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set first '01900000-0000-7000-8000-000000000001'
\set second '01900000-0000-7000-8000-000000000002'
\set asset '11111111-0000-8000-8000-000000000001'
create function pg_temp.store(p_workspace integer, p_import uuid, p_scope text, p_from integer, p_to integer, p_suffix text default '') returns void language plpgsql as $$
begin
  perform spillway.open_upload(p_workspace, p_import), spillway.create_import(p_workspace, p_import, 'f', 1000, sha256('1'), p_scope => p_scope);
  perform spillway.claim_import('40 s', 4);
  perform spillway.ingest_batch(p_import, 1, (select fence from spillway.import_queue), '40 s', jsonb_build_object('assets', jsonb_build_array(
      jsonb_build_object('id', '11111111-0000-8000-8000-000000000001', 'kind', 'host', 'identity', 'a'),
      jsonb_build_object('id', '22222222-0000-8000-8000-000000000002', 'kind', 'host', 'identity', 'b'))),
    spillway.findings_of((select jsonb_agg(jsonb_build_object('id', md5('f' || n), 'tool', case when n % 2 = 0 then 'trivy' else 'nessus' end, 'kind', case when n % 5 = 0 then 'secret' else 'host' end,
      'rule_id', 'rule-' || n, 'title', 'Heap overflow no. ' || n || p_suffix, 'severity', (array['info', 'low', 'medium', 'high', 'critical'])[1 + n % 5], 'status', 'open',
      'vulnerability_ids', format('{"CVE-2024-%s"}', n), 'cwes', format('{%s}', 70 + n % 3), 'component', jsonb_build_object('name', 'libssl' || n % 4, 'version', '1.0')::text, 'source_offset', n))
      from generate_series(p_from, p_to) n)),
    spillway.occurrences_of((select jsonb_agg(jsonb_build_object('id', case when n <= 5 then '11111111' else '22222222' end || substr(md5('o' || n)::uuid::text, 9), 'finding_id', md5('f' || n),
      'asset_id', case when n <= 5 then '11111111-0000-8000-8000-000000000001' else '22222222-0000-8000-8000-000000000002' end, 'source_offset', n))
      from generate_series(p_from, p_to) n)), 25, 'f', '\x01', 500);
  perform spillway.finish_import(p_import, 1, (select fence from spillway.import_queue where import_id = p_import));
end $$;
select pg_temp.store(:one, :'first', 'app', 1, 20) \g /dev/null

-- How many pass a filter.
create function pg_temp.found(p_workspace integer, p_filter jsonb) returns integer language sql as $$
  select jsonb_array_length(p.items::jsonb) from spillway.list_findings(p_workspace, p_filter, null, null, 200) p $$;
create temporary table expected (filter jsonb, findings integer);
insert into expected values
  ('{"tool":["trivy"]}', 10), ('{"tool":["trivy","nessus"]}', 20), ('{"tool":["TRIVY"]}', 0), ('{"kind":["secret"]}', 4), ('{"rule":["rule-7","rule-8","rule-77"]}', 2),
  ('{"cve":["cve-2024-7"]}', 1), ('{"cve":["CVE-2024-7","CVE-2024-8"]}', 2), ('{"cwe":["71"]}', 7), ('{"component":["libssl1"]}', 5), ('{"component":["libssl"]}', 0),
  ('{"scope":["app"]}', 20), ('{"scope":["other"]}', 0), ('{"asset_id":["11111111-0000-8000-8000-000000000001"]}', 5),
  ('{"q":"HEAP overflow"}', 20), ('{"q":"overflow 7"}', 1), ('{"q":"CVE-2024-7"}', 1), ('{"q":"libssl1"}', 5), ('{"q":"hea"}', 0), ('{"q":"trivy"}', 0),
  ('{"q":"overflow","tool":["trivy"],"severity":["high","critical"]}', 4), ('{"first_seen_after":"2020-01-01T00:00:00Z"}', 20), ('{"first_seen_after":"2999-01-01T00:00:00+01:00"}', 0),
  ('{"import_id":"01900000-0000-7000-8000-000000000001","seen_as":["new"],"cve":["cve-2024-7"]}', 1),
  ('{"import_id":"01900000-0000-7000-8000-000000000001","seen_as":["updated"]}', 0),
  ('{"status":["closed"]}', 0), ('{"status":["open","closed"],"severity":["info"]}', 4);
select results_eq(format('select filter, pg_temp.found(%s, filter) from expected', :one), 'select * from expected', 'what is not indexed yet is found');
select is((select count(*) from spillway.finding_terms), 0::bigint, 'though no index leads to it');
select is(spillway.index_findings(7), 7, 'it is indexed step by step');
select is((select after_id from spillway.unindexed_imports), (select finding_id from spillway.import_findings order by finding_id offset 6 limit 1), 'each from where the last ended');
select is(spillway.index_findings(13), 13, 'to its end');
select is(spillway.index_findings(13), 1, 'which the next one notices');
select is(spillway.index_findings(13), 0, 'and then there is nothing to do');
select is((select count(*) from spillway.finding_terms), 20::bigint, 'all are indexed');
select is(pg_temp.found(:one, filter), findings, filter::text) from expected;
select is((select sum(pg_temp.found(:two, filter)) from expected), 0::bigint, 'and nothing is another workspace''s');

-- What an import changes is found as it is now, and no longer as it was.
select pg_temp.store(:one, :'second', 'other', 19, 24, ' renamed') \g /dev/null
select is(pg_temp.found(:one, '{"q":"renamed"}'), 6, 'what has changed is found as it is');
select is((select array_agg(distinct (p.items::jsonb -> 0 ->> 'title')) from spillway.list_findings(:one, '{"q":"overflow 19"}', null, null, 2) p), array['Heap overflow no. 19 renamed'], 'once');
select is(spillway.index_findings(100), 6, 'it is indexed anew');
select is((select count(*)::integer from spillway.finding_terms), 24, 'in its place');
select is(pg_temp.found(:one, '{"q":"renamed overflow"}'), 6, 'and found through the index');
select is(pg_temp.found(:one, '{"scope":["other"]}'), 6, 'by its scope');

-- Pages.
create function pg_temp.all_pages(p_workspace integer, p_filter jsonb, p_limit integer) returns setof text language plpgsql as $$
declare
  v_page spillway.page;
begin
  loop
    v_page := spillway.list_findings(p_workspace, p_filter, split_part(v_page.next, ' ', 1)::spillway.severity, split_part(v_page.next, ' ', 2)::uuid, p_limit);
    return query select i ->> 'id' from jsonb_array_elements(v_page.items::jsonb) i;
    exit when v_page.next is null;
  end loop;
end $$;
select results_eq(format('select pg_temp.all_pages(%s, ''{"q":"overflow"}'', 3)', :one), 'select id::text from spillway.findings order by severity desc, id desc', 'pages of what is found have all of it, in order');

select throws_ok(format($$ select spillway.list_findings(%s, '{"first_seen_after":"yesterday"}', null, null, 5) $$, :one), 'SW400', 'first_seen_after is a time, as 2027-01-31T00:00:00Z', 'a time is a time');

-- Assets.
create function pg_temp.assets(p_workspace integer, p_filter jsonb) returns text language sql as $$
  select string_agg(i ->> 'identity', '' order by i ->> 'identity') from jsonb_array_elements((spillway.list_assets(p_workspace, p_filter, null, 200)).items::jsonb) i $$;
insert into spillway.assets (workspace_id, id, kind, identity, first_import_id, last_import_id)
select :one, md5('asset ' || n)::uuid, case when n % 2 = 0 then 'repository' else 'host' end::spillway.asset_kind, 'web-' || n || '.example.org', :'first', :'first' from generate_series(1, 20000) n;
analyze spillway.assets;
select is(pg_temp.assets(:one, '{"q":"web 77"}'), 'web-77.example.org', 'assets are found by words');
select is(pg_temp.assets(:one, '{"q":"WEB-77","kind":["repository"]}'), null, 'and kind');
select is(pg_temp.assets(:one, '{"q":"nowhere"}'), null, 'or not');
select is(pg_temp.assets(:two, '{"q":"77"}'), null, 'another workspace finds none');
select is(jsonb_array_length((spillway.list_assets(:one, '{"q":"example"}', null, 50)).items::jsonb), 50, 'what all have is found by a walk');
create function pg_temp.blocks(p_call text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) select ' || p_call into v_plan;
  return (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end $$;
select cmp_ok(pg_temp.blocks(format('spillway.list_assets(%s, ''{"q":"web 77"}'', null, 50)', :one)), '<', 500::bigint, 'an index leads to what few have');
select cmp_ok(pg_temp.blocks(format('spillway.list_assets(%s, ''{"q":"example"}'', null, 50)', :one)), '<', 6000::bigint, 'and of what all have no more than 4,000 are looked at');
select is(spillway.get_asset(:one, '11111111-0000-8000-8000-000000000001') - '{attributes,first_seen_at,last_seen_at}'::text[], jsonb_build_object('id', '11111111-0000-8000-8000-000000000001',
  'kind', 'host', 'identity', 'a', 'hostname', null, 'first_import_id', :'first', 'last_import_id', :'second', 'open_findings_at_least', false,
  'open_findings', '{"info": 1, "low": 1, "medium": 1, "high": 1, "critical": 1}'::jsonb), 'an asset shows how many of its findings are open');
select throws_ok(format('select spillway.get_asset(%s, %L)', :two, '11111111-0000-8000-8000-000000000001'), 'SW404', 'there is no such asset', 'only its own workspace''s');

-- Numbers.
select is(spillway.get_finding_days(:one, 30)::jsonb, '{"counted_at": null, "items": []}', 'nobody has counted yet');
select spillway.count_findings_of_day() from generate_series(1, 3);
select is((select sum((i ->> 'findings')::integer) from jsonb_array_elements(spillway.get_finding_days(:one, 30)::jsonb -> 'items') i where i ->> 'tool' = 'trivy'), 12::bigint, 'findings are counted');
delete from spillway.findings where tool = 'trivy';
select spillway.count_findings_of_day();
select is((select sum((i ->> 'findings')::integer) from jsonb_array_elements(spillway.get_finding_days(:one, 30)::jsonb -> 'items') i), 24::bigint, 'not again at once');
update spillway.finding_counts set due_at = now();
select spillway.count_findings_of_day() from generate_series(1, 3);
select is((select sum((i ->> 'findings')::integer) from jsonb_array_elements(spillway.get_finding_days(:one, 30)::jsonb -> 'items') i), 12::bigint, 'but when it is time; what is no more is not counted');
select is(spillway.get_finding_days(:two, 30)::jsonb, '{"counted_at": null, "items": []}', 'each workspace has its own');

-- A finding that is gone takes its terms along.
delete from spillway.findings where id = md5('f1')::uuid;
select is((select count(*)::integer from spillway.finding_terms), 11, 'what is gone is not found');

select * from finish();
rollback;
