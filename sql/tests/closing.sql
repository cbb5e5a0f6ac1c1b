begin;
select plan(17);

select spillway.create_workspace('one') as one \gset
create temporary table made as
  select n, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id from generate_series(1, 20) n;
-- Begins an import; its number is its age.
create function pg_temp.begin(p_n integer, p_scope text, p_close boolean default true) returns void language sql as $$
  select spillway.open_upload(w.id, m.id), spillway.create_import(w.id, m.id, 'import ' || p_n, 1000, sha256('1'), p_scope => p_scope, p_close_missing => p_close)
  from made m, spillway.workspaces w where m.n = p_n and w.name = 'one';
  select spillway.claim_import('40 s', 100) $$;
create function pg_temp.findings_in(p_batch jsonb) returns spillway.finding_columns language sql as $$
  select spillway.findings_of(p_batch -> 'findings') $$;
create function pg_temp.occurrences_in(p_batch jsonb) returns spillway.occurrence_columns language sql as $$
  select spillway.occurrences_of(p_batch -> 'occurrences') $$;
create function pg_temp.fence(p_import uuid) returns bigint language sql as $$ select fence from spillway.import_queue where import_id = p_import $$;
create function pg_temp.see(p_n integer, p_rules integer[], p_tool text default 'bandit', p_problems jsonb default '[]') returns void language sql as $$
  select spillway.ingest_batch(m.id, 1, pg_temp.fence(m.id), '40 s', b.batch, pg_temp.findings_in(b.batch), pg_temp.occurrences_in(b.batch), 10, 'sarif', '\x01', 500)
  from made m, lateral (select jsonb_build_object(
    'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'repository', 'identity', 'r')),
    'findings', coalesce((select jsonb_agg(jsonb_build_object('id', md5(p_tool || r), 'tool', p_tool, 'kind', 'code', 'rule_id', r, 'title', 't',
      'severity', 'high', 'status', 'open', 'source_offset', r)) from unnest(p_rules) r), '[]'),
    'occurrences', coalesce((select jsonb_agg(jsonb_build_object('id', md5('o' || p_tool || r), 'finding_id', md5(p_tool || r), 'asset_id', md5('a')))
      from unnest(p_rules) r), '[]'),
    'problems', p_problems, 'tools', jsonb_build_array(p_tool))) as b (batch)
  where m.n = p_n $$;
create function pg_temp.finish(p_n integer) returns void language sql as $$ select spillway.finish_import(id, 1, pg_temp.fence(id)) from made where n = p_n $$;
create function pg_temp.import(p_n integer, p_scope text, p_rules integer[], p_tool text default 'bandit', p_close boolean default true)
returns void language sql as $$ select pg_temp.begin(p_n, p_scope, p_close), pg_temp.see(p_n, p_rules, p_tool), pg_temp.finish(p_n) $$;
create function pg_temp.open() returns text language sql as $$
  select string_agg(tool || ' ' || rule_id, ', ' order by tool, rule_id) from spillway.findings where status = 'open' $$;

select pg_temp.import(1, 'main', '{1,2,3}'), pg_temp.import(2, 'main', '{7}', 'semgrep');
select is(pg_temp.open(), 'bandit 1, bandit 2, bandit 3, semgrep 7', 'a report closes nothing of another tool');
select pg_temp.import(3, 'main', '{2}', p_close => false);
select is(pg_temp.open(), 'bandit 1, bandit 2, bandit 3, semgrep 7', 'nor anything unless it is asked to');
select pg_temp.import(4, 'main', '{2,4}');
select is(pg_temp.open(), 'bandit 2, bandit 4, semgrep 7', 'what a report of the same scope and tool no longer shows is closed');
select is((select findings_closed::integer from spillway.imports i join made m on m.id = i.id where m.n = 4), 2, 'counted');
select is((select count(*)::integer from spillway.notifications where kind = 'closed'), 1, 'and told');
select pg_temp.import(5, 'main', '{1,2}');
select is(pg_temp.open(), 'bandit 1, bandit 2, semgrep 7', 'what is seen again is open again');
select is((select findings_reopened::integer from spillway.imports i join made m on m.id = i.id where m.n = 5), 1, 'and counted as reopened');

select pg_temp.import(6, 'branch', '{1,2,5}'), pg_temp.import(7, 'main', '{2}');
select is(pg_temp.open(), 'bandit 1, bandit 2, bandit 5, semgrep 7', 'what another scope shows stays open');
select pg_temp.import(8, 'branch', '{2}');
select is(pg_temp.open(), 'bandit 2, semgrep 7', 'until that does not either');
select pg_temp.import(9, 'main', '{}', 'semgrep');
select is(pg_temp.open(), 'bandit 2', 'a report without findings closes those of its tools');

select spillway.decide_finding(:one, md5('bandit2')::uuid, 'accepted_risk'), pg_temp.import(10, 'main', '{6}'), pg_temp.import(11, 'branch', '{6}');
select is((select status::text from spillway.findings where rule_id = '2'), 'accepted_risk', 'what a person decided is not closed');

-- Errors keep it from closing: the missing one may be among them.
select pg_temp.begin(12, 'main'), pg_temp.see(12, '{8}', p_problems => '[{"code": "missing_field", "message": "m", "offset": 1}]'), pg_temp.finish(12);
select pg_temp.import(13, 'branch', '{8}');
select is(pg_temp.open(), 'bandit 6, bandit 8', 'an import with errors closes nothing');

-- Of two imports the older comes late.
select pg_temp.begin(14, 'main'), pg_temp.begin(15, 'main'), pg_temp.see(15, '{8}'), pg_temp.finish(15);
select is(pg_temp.open(), 'bandit 8', 'the newer closes');
select pg_temp.see(14, '{6,9}');
select is((select status::text from spillway.findings where rule_id = '6'), 'closed', 'what it closed the older does not open');
select pg_temp.finish(14);
select is(pg_temp.open(), 'bandit 8', 'and what only the older shows is closed with it');
select is((select findings_closed::integer from spillway.imports i join made m on m.id = i.id where m.n = 15), 2, 'by the newer');

-- One without a scope.
select pg_temp.import(16, null, '{8}', p_close => false), pg_temp.import(17, 'main', '{10}'), pg_temp.import(18, 'branch', '{10}');
select is(pg_temp.open(), 'bandit 10, bandit 8', 'what an import of no scope was the last to see stays open');

select * from finish();
rollback;
