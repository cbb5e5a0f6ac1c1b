begin;
select plan(16);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
\set import '01900000-0000-7000-8000-000000000001'
select spillway.open_upload(:one, :'import'), spillway.create_import(:one, :'import', 'f', 1000, sha256('1'));
select spillway.claim_imports(1, '40 s', 4);
with batch as (
  select jsonb_build_object(
    'assets', jsonb_agg(jsonb_build_object('id', md5('a' || n), 'kind', 'host', 'identity', 'host ' || n)),
    'findings', jsonb_agg(jsonb_build_object('identity', md5('f' || n), 'tool', 't', 'kind', 'host', 'rule_id', n, 'title', 'title ' || n,
      'severity', (array['info', 'low', 'medium', 'high', 'critical'])[1 + n % 5], 'status', 'open', 'offset', n))) as rows,
    array_agg(row(md5('o' || n)::uuid, md5('f' || n % 2)::uuid, md5('a' || n)::uuid, null, n, null, null, null, null, null, null, '', n, n)
      ::spillway.new_occurrence) as occurrences
  from generate_series(0, 24) n)
select spillway.ingest_batch(:'import', 1, (select fence from spillway.import_queue), '40 s', rows, spillway.columns_of(occurrences), 25, 'f', '\x01', 500) from batch;

-- Walks all pages of a list and gives their items.
create function pg_temp.findings(p_workspace integer, p_limit integer) returns setof jsonb language plpgsql as $$
declare
  v_page jsonb := jsonb_build_object('next', null);
begin
  loop
    v_page := spillway.list_findings(p_workspace, split_part(v_page ->> 'next', ' ', 1)::spillway.severity,
      split_part(v_page ->> 'next', ' ', 2)::uuid, p_limit, null, null, null);
    return query select * from jsonb_array_elements(v_page -> 'items');
    exit when v_page ->> 'next' is null;
  end loop;
end $$;
create function pg_temp.occurrences(p_workspace integer, p_finding uuid, p_limit integer) returns setof jsonb language plpgsql as $$
declare
  v_page jsonb := jsonb_build_object('next', null);
begin
  loop
    v_page := spillway.list_occurrences(p_workspace, p_finding, (v_page ->> 'next')::uuid, p_limit);
    return query select * from jsonb_array_elements(v_page -> 'items');
    exit when v_page ->> 'next' is null;
  end loop;
end $$;

select is((select count(distinct f ->> 'id')::integer from pg_temp.findings(:one, 4) f), 25, 'pages of 4 give every finding');
select is((select count(*)::integer from pg_temp.findings(:one, 4) f), 25, 'each once');
select is((select array_agg(f ->> 'id') from pg_temp.findings(:one, 3) f), (select array_agg(f ->> 'id') from pg_temp.findings(:one, 25) f),
  'in the same order whatever the page');
select is((select f ->> 'severity' from pg_temp.findings(:one, 10) f limit 1), 'critical', 'the worst first');
select is_empty(format($$ select * from pg_temp.findings(%s, 10) $$, :two), 'another workspace sees none');
select is(jsonb_array_length(spillway.list_findings(:one, null, null, 100, 'high', 'open', :'import') -> 'items'), 5, 'filters filter');
select is((select count(*)::integer from pg_temp.occurrences(:one, null, 7) o), 25, 'pages of 7 give every occurrence');
select is((select count(*)::integer from pg_temp.occurrences(:one, md5('f1')::uuid, 5) o), 12, 'or those of a finding');
select is_empty(format($$ select * from pg_temp.occurrences(%s, null, 10) $$, :two), 'another workspace sees none');
select is(jsonb_array_length(spillway.list_assets(:one, null, 200) -> 'items'), 25, 'and every asset');

select is((select document from spillway.import_status(:one, :'import', (select version from spillway.imports))), null,
  'a status that is known is not sent again');
select is((select (document #>> '{progress,percentage}')::numeric from spillway.import_status(:one, :'import', 0)), 50.0, 'progress is by bytes');

select is((select f ->> 'title' from spillway.get_finding(:one, md5('f3')::uuid) f), 'title 3', 'one finding can be asked for');
select throws_ok(format($$ select spillway.get_finding(%s, %L) $$, :two, md5('f3')), 'SW404', null, 'by its own workspace');
select is(spillway.decide_finding(:one, md5('f3')::uuid, 'false_positive') ->> 'status', 'false_positive', 'a person sets its status');
select throws_ok(format($$ select spillway.decide_finding(%s, %L, 'open') $$, :two, md5('f3')), 'SW404', null, 'of the workspace');

select * from finish();
rollback;
