begin;
select plan(25);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set import '01900000-0000-7000-8000-000000000001'
select spillway.open_upload(:one, :'import'), spillway.create_import(:one, :'import', 'f', 1000, sha256('1'));
select spillway.claim_import('40 s', 4);
with batch as (
  select jsonb_build_object(
    'assets', jsonb_agg(jsonb_build_object('id', md5('a' || n), 'kind', 'host', 'identity', 'host ' || n)),
    'findings', jsonb_agg(jsonb_build_object('id', md5('f' || n), 'tool', 't', 'kind', 'host', 'rule_id', n, 'title', 'title ' || n,
      'severity', (array['info', 'low', 'medium', 'high', 'critical'])[1 + n % 5], 'status', 'open', 'source_offset', n)),
    'occurrences', jsonb_agg(jsonb_build_object('id', md5('o' || n), 'finding_id', md5('f' || n % 2), 'asset_id', md5('a' || n), 'port', n,
      'source_offset', n, 'source_line', n))) as rows
  from generate_series(0, 24) n)
select spillway.ingest_batch(:'import', 1, (select fence from spillway.import_queue), '40 s', rows,
  spillway.findings_of(rows -> 'findings'),
  spillway.occurrences_of(rows -> 'occurrences'), 25, 'f', '\x01', 500) from batch;

-- Walks all pages of a list and gives their items.
create function pg_temp.findings(p_workspace integer, p_limit integer, p_import uuid default null) returns setof jsonb language plpgsql as $$
declare
  v_page spillway.page;
  v_severity spillway.severity;
  v_id uuid;
begin
  loop
    v_page := spillway.list_findings(p_workspace, jsonb_strip_nulls(jsonb_build_object('import_id', p_import)), v_severity, v_id, p_limit);
    return query select * from jsonb_array_elements(v_page.items::jsonb);
    exit when v_page.next is null;
    v_severity := split_part(v_page.next, ' ', 1);
    v_id := split_part(v_page.next, ' ', 2);
  end loop;
end $$;
create function pg_temp.occurrences(p_workspace integer, p_finding uuid, p_limit integer) returns setof jsonb language plpgsql as $$
declare
  v_page spillway.page;
begin
  loop
    v_page := spillway.list_occurrences(p_workspace, p_finding, v_page.next::uuid, p_limit);
    return query select * from jsonb_array_elements(v_page.items::jsonb);
    exit when v_page.next is null;
  end loop;
end $$;
create function pg_temp.count(p_page spillway.page) returns integer language sql as $$ select jsonb_array_length(p_page.items::jsonb) $$;

select is((select count(distinct f ->> 'id')::integer from pg_temp.findings(:one, 4) f), 25, 'pages of 4 give every finding');
select is((select count(*)::integer from pg_temp.findings(:one, 4) f), 25, 'each once');
select is((select array_agg(f ->> 'id') from pg_temp.findings(:one, 3) f), (select array_agg(f ->> 'id') from pg_temp.findings(:one, 25) f),
  'in the same order whatever the page');
select is((select f ->> 'severity' from pg_temp.findings(:one, 10) f limit 1), 'critical', 'the worst first');
select is_empty(format($$ select * from pg_temp.findings(%s, 10) $$, :two), 'another workspace sees none');
select is(pg_temp.count(spillway.list_findings(:one, '{"severity":["high"],"status":["open"]}', null, null, 100)), 5, 'filters filter');
select is(pg_temp.count(spillway.list_findings(:one, '{"severity":["high"],"status":["closed"]}', null, null, 100)), 0, 'all of them');
select is((select array_agg(f ->> 'id') from pg_temp.findings(:one, 3, :'import') f), (select array_agg(f ->> 'id') from pg_temp.findings(:one, 25) f),
  'an import has a list of its own');
select is(pg_temp.count(spillway.list_findings(:one, jsonb_build_object('import_id', :'import') || '{"severity":["high"],"status":["open"]}', null, null, 100)), 5, 'with the same filters');
select is(pg_temp.count(spillway.list_findings(:two, jsonb_build_object('import_id', :'import') || '{}', null, null, 100)), 0, 'that another workspace does not see');
select is((select f ? 'title' and not f ?| array['description', 'solution', 'references', 'attributes'] from pg_temp.findings(:one, 1) f limit 1), true,
  'lists show findings in short');

-- A page ends early where it has many bytes, and the next goes on.
update spillway.findings set vulnerability_ids = array(select 'CVE-2026-' || n from generate_series(1, 40000) n) where severity in ('critical', 'high');
select cmp_ok(octet_length((spillway.list_findings(:one, '{}', null, null, 100)).items), '<=', spillway.max_page_bytes() + 2, 'a page has a budget of bytes');
select cmp_ok(pg_temp.count(spillway.list_findings(:one, '{}', null, null, 100)), '<', 10, 'and as many items as fit');
select is((select array_agg(f ->> 'id') from pg_temp.findings(:one, 100) f), (select array_agg(id::text order by severity desc, id desc) from spillway.findings),
  'and nothing is left out');
update spillway.findings set vulnerability_ids = array(select 'CVE-2026-' || n from generate_series(1, 200000) n) where id = md5('f4')::uuid;
select is((select count(*)::integer from pg_temp.findings(:one, 1) f), 25, 'what is larger than a page is a page of its own');
select is((select count(*)::integer from pg_temp.occurrences(:one, null, 7) o), 25, 'pages of 7 give every occurrence');
select is((select count(*)::integer from pg_temp.occurrences(:one, md5('f1')::uuid, 5) o), 12, 'or those of a finding');
select is_empty(format($$ select * from pg_temp.occurrences(%s, null, 10) $$, :two), 'another workspace sees none');
select is(pg_temp.count(spillway.list_assets(:one, '{}', null, 200)), 25, 'and every asset');

select is((select document from spillway.import_status(:one, :'import', (select version from spillway.imports))), null,
  'a status that is known is not sent again');
select is((select (document #>> '{progress,percentage}')::numeric from spillway.import_status(:one, :'import', 0)), 50.0, 'progress is by bytes');

select is((select f ->> 'title' from spillway.get_finding(:one, md5('f3')::uuid) f), 'title 3', 'one finding can be asked for');
select throws_ok(format($$ select spillway.get_finding(%s, %L) $$, :two, md5('f3')), 'SW404', null, 'by its own workspace');
select is(spillway.decide_finding(:one, md5('f3')::uuid, 'false_positive') ->> 'status', 'false_positive', 'a person sets its status');
select throws_ok(format($$ select spillway.decide_finding(%s, %L, 'open') $$, :two, md5('f3')), 'SW404', null, 'of the workspace');

select * from finish();
rollback;
