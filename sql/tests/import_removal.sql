-- An import that is removed is as if it had not been: a law over made-up reports, and what is refused.
-- More plays: psql --set plays=1000
\if :{?plays}
\else
\set plays 30
\endif
begin;
select plan(13);

-- Seen at the time of the import's number.
create function pg_temp.now() returns timestamptz language sql as $$ select '2026-01-01'::timestamptz + current_setting('law.day')::integer * interval '1 day' $$;
alter table spillway.assets alter first_seen_at set default pg_temp.now(), alter last_seen_at set default pg_temp.now();
alter table spillway.findings alter first_seen_at set default pg_temp.now(), alter last_seen_at set default pg_temp.now();
alter table spillway.occurrences alter first_seen_at set default pg_temp.now(), alter last_seen_at set default pg_temp.now();
create or replace function spillway.removal_step() returns integer language sql immutable parallel safe set search_path = '' as $$ select 3 $$;

create temporary table books (seed integer, n integer, scope text, close_missing boolean, batches jsonb[], decided uuid);
-- A number from 0 to p_below - 1.
create function pg_temp.roll(p_below integer) returns integer language sql volatile as $$ select floor(random() * p_below)::integer $$;
create function pg_temp.batch(p_number integer) returns jsonb language plpgsql volatile as $$
declare
  v_occurrences jsonb := (
    select coalesce(jsonb_agg(jsonb_build_object('id', md5('o' || f || a), 'finding_id', md5('f' || f), 'asset_id', md5('a' || a),
      'service', 's' || pg_temp.roll(2), 'evidence', 'e' || pg_temp.roll(2), 'source_offset', 1000 * p_number + 10 * f + a)), '[]')
    from generate_series(1, 5) f, generate_series(1, 3) a where random() < 0.4);
begin
  return jsonb_build_object('occurrences', v_occurrences, 'tools', '["x"]'::jsonb,
    'assets', (select coalesce(jsonb_agg(jsonb_build_object('id', md5('a' || a), 'kind', 'host', 'identity', 'h' || a, 'attributes',
        (select coalesce(jsonb_object_agg('k' || k, pg_temp.roll(2)), '{}') from generate_series(1, 3) k where random() < 0.5))
        || case when random() < 0.5 then jsonb_build_object('hostname', 'n' || pg_temp.roll(2)) else '{}' end), '[]')
      from generate_series(1, 3) a where random() < 0.3 or v_occurrences @> jsonb_build_array(jsonb_build_object('asset_id', md5('a' || a)))),
    'findings', (select coalesce(jsonb_agg(jsonb_build_object('id', md5('f' || f), 'tool', 'x', 'kind', 'host', 'rule_id', f,
        'title', 't' || pg_temp.roll(2), 'description', case when random() < 0.3 then 'd' end, 'severity', (array['low', 'high'])[1 + pg_temp.roll(2)],
        'component', case when random() < 0.3 then '{"name": "c"}' end, 'cwes', case when random() < 0.3 then '{1,2}' end,
        'status', 'open', 'source_offset', 1000 * p_number + 10 * f)), '[]')
      from generate_series(1, 5) f where random() < 0.2 or v_occurrences @> jsonb_build_array(jsonb_build_object('finding_id', md5('f' || f)))));
end $$;

create function pg_temp.id(p_workspace text, p_seed integer, p_n integer) returns uuid language sql as $$
  select ('01900000-' || lpad(p_seed::text, 4, '0') || '-7000-' || case p_workspace when 'with' then '8000' else '9000' end || '-' || lpad(p_n::text, 12, '0'))::uuid $$;
create function pg_temp.begin(p_workspace text, p_book books) returns void language sql as $$
  select set_config('law.day', p_book.n::text, true);
  select spillway.open_upload(w.id, pg_temp.id(p_workspace, p_book.seed, p_book.n)), spillway.create_import(w.id, pg_temp.id(p_workspace, p_book.seed, p_book.n),
    'r', 1000, sha256('1'), p_scope => p_book.scope, p_close_missing => p_book.close_missing, p_idempotency_key => p_book.seed || ' ' || p_book.n)
  from spillway.workspaces w where w.name = p_workspace;
  select spillway.claim_import('40 s', 100) $$;
create function pg_temp.see(p_workspace text, p_book books, p_batch integer) returns void language sql as $$
  select set_config('law.day', p_book.n::text, true);
  select spillway.ingest_batch(q.import_id, q.attempt, q.fence, '40 s', p_book.batches[p_batch], spillway.findings_of(p_book.batches[p_batch] -> 'findings'),
    spillway.occurrences_of(p_book.batches[p_batch] -> 'occurrences'), 10, 'sarif', '\x01', 100 * p_batch)
  from spillway.import_queue q where q.import_id = pg_temp.id(p_workspace, p_book.seed, p_book.n) $$;
create function pg_temp.finish(p_workspace text, p_book books) returns void language sql as $$
  select spillway.finish_import(q.import_id, q.attempt, q.fence) from spillway.import_queue q where q.import_id = pg_temp.id(p_workspace, p_book.seed, p_book.n) $$;
create function pg_temp.decide(p_workspace text, p_book books) returns void language sql as $$
  select spillway.decide_finding(f.workspace_id, f.id, 'accepted_risk') from spillway.findings f join spillway.workspaces w on w.id = f.workspace_id
  where w.name = p_workspace and f.id = p_book.decided $$;
create function pg_temp.import(p_workspace text, p_book books) returns void language sql as $$
  select pg_temp.begin(p_workspace, p_book), pg_temp.see(p_workspace, p_book, 1), pg_temp.see(p_workspace, p_book, 2), pg_temp.finish(p_workspace, p_book),
    pg_temp.decide(p_workspace, p_book) $$;

create function pg_temp.contents(p_workspace text) returns setof text language sql as $$
  with w as (select * from spillway.workspaces where name = p_workspace), r (what, row_) as (
    select 'asset', to_jsonb(a) from spillway.assets a, w where a.workspace_id = w.id
    union all select 'finding', to_jsonb(f) - '{decided_at}'::text[] from spillway.findings f, w where f.workspace_id = w.id
    union all select 'occurrence', to_jsonb(o) from spillway.occurrences o, w where o.workspace_id = w.id
    union all select 'scope', to_jsonb(s) from spillway.finding_scopes s, w where s.workspace_id = w.id
    union all select 'seen finding', to_jsonb(s) from spillway.import_findings s, w where s.workspace_id = w.id
    union all select 'seen asset', to_jsonb(s) from spillway.import_assets s, w where s.workspace_id = w.id
    union all select 'closed scope', to_jsonb(c) from spillway.closed_scopes c, w where c.workspace_id = w.id
    union all select 'kept', to_jsonb(e) from spillway.earlier_states e, w where e.workspace_id = w.id
    union all select 'import', spillway.import_document(i) -> 'counts' || jsonb_build_object('id', i.id, 'gate', i.gate, 'state', i.state, 'scope', i.scope)
      from spillway.imports i, w where i.workspace_id = w.id
    union all select 'notification', jsonb_build_object('import', n.import_id, 'kind', n.kind) from spillway.notifications n, w where n.workspace_id = w.id
    union all select 'workspace', jsonb_build_object('findings', w.findings, 'bytes', w.stored_bytes, 'active', w.active_imports) from w
  )
  select r.what || ' ' || replace((r.row_ - 'workspace_id')::text, '-9000-', '-8000-') from r $$;

-- One play of a seed: three imports and perhaps a fourth that runs meanwhile; gives how many rows differ, or what was said when it was refused.
create function pg_temp.play(p_seed integer, p_scopes boolean, p_closing boolean) returns text language plpgsql as $$
declare
  v_removed integer := 1 + p_seed % 3;
  v_running boolean := p_seed / 3 % 2 = 1;
  v_with integer := (select w.id from spillway.workspaces w where w.name = 'with');
  v_book books;
  v_message text;
  v_more boolean := true;
  v_differences text;
begin
  perform setseed(p_seed / 1000.0);
  for n in 1 .. 4 loop
    insert into books values (p_seed, n, case when p_scopes then (array['a', 'b', null])[1 + pg_temp.roll(3)] end, false, array[pg_temp.batch(1), pg_temp.batch(2)],
      case when random() < 0.3 then md5('f' || 1 + pg_temp.roll(5))::uuid end);
    update books b set close_missing = p_closing and b.scope is not null where b.seed = p_seed and b.n = 4;
  end loop;
  update books b set close_missing = p_closing and b.scope is not null where b.seed = p_seed;
  -- Of a finding that only the removed one has shown there is nothing to decide.
  update books b set decided = null where b.seed = p_seed and (b.n = v_removed or not exists (
    select from books e, unnest(e.batches) x where e.seed = p_seed and e.n <= b.n and e.n <> v_removed
      and x -> 'findings' @> jsonb_build_array(jsonb_build_object('id', replace(b.decided::text, '-', '')))));
  for v_book in select * from books b where b.seed = p_seed and b.n <= 3 order by b.n loop
    perform pg_temp.import('with', v_book);
    if v_book.n <> v_removed then
      perform pg_temp.import('without', v_book);
    end if;
  end loop;
  select * into v_book from books b where b.seed = p_seed and b.n = 4;
  if v_running then
    perform pg_temp.begin('with', v_book), pg_temp.see('with', v_book, 1), pg_temp.begin('without', v_book), pg_temp.see('without', v_book, 1);
  end if;
  begin
    perform spillway.remove_import(v_with, pg_temp.id('with', p_seed, v_removed));
  exception when sqlstate 'SW409' then
    get stacked diagnostics v_message = message_text;
    return v_message;
  end;
  v_more := spillway.take_back_imports();
  if v_running then
    perform pg_temp.see('with', v_book, 2), pg_temp.finish('with', v_book), pg_temp.see('without', v_book, 2), pg_temp.finish('without', v_book);
  end if;
  for n in 1 .. 100 loop
    exit when not v_more;
    v_more := spillway.take_back_imports();
  end loop;
  if v_more then
    return 'the removal does not end';
  end if;
  select string_agg(d.line, E'\n') into v_differences from (
    (select '- ' || c from pg_temp.contents('with') c except select '- ' || c from pg_temp.contents('without') c)
    union all (select '+ ' || c from pg_temp.contents('without') c except select '+ ' || c from pg_temp.contents('with') c)) as d (line);
  return v_differences;
end $$;
-- As play, and nothing of it is kept.
create function pg_temp.law(p_seed integer, p_scopes boolean, p_closing boolean) returns text language plpgsql as $$
declare
  v_said text;
begin
  perform spillway.create_workspace('with'), spillway.create_workspace('without');
  v_said := pg_temp.play(p_seed, p_scopes, p_closing);
  raise exception using errcode = 'LAWED', message = coalesce(v_said, '');
exception when sqlstate 'LAWED' then
  get stacked diagnostics v_said = message_text;
  return nullif(v_said, '');
end $$;

create temporary table said as select s as seed, pg_temp.law(s, s % 2 = 0, false) as what from generate_series(1, :plays) s;
select is_empty($$ select seed, what from said where what is not null $$, 'one of three imports is removed as if it had not been, also while a fourth runs');

create temporary table closing as select s as seed, pg_temp.law(s, true, true) as what from generate_series(1, :plays) s;
select is_empty($$ select seed, what from closing where what is not null and what not like '%so it cannot be taken back%' $$,
  'where scopes close what is missing the same holds, or it is refused');
select cmp_ok((select count(*) from closing where what is null), '>', :plays * 9 / 10::bigint, 'and seldom refused');

select spillway.create_workspace('with') as one, spillway.create_workspace('without') as two \gset
insert into books select 900, n, null, false, array[pg_temp.batch(1), pg_temp.batch(2)], null from generate_series(1, 6) n;
select pg_temp.import('with', b) from books b where seed = 900 and n in (1, 2, 3, 4) order by n \g /dev/null
select pg_temp.import('without', b) from books b where seed = 900 and n in (1, 4) order by n \g /dev/null
select throws_ok(format('select spillway.remove_import(%s, %L)', :two, pg_temp.id('with', 900, 2)), 'SW404', null, 'another workspace does not see it');
select is(spillway.remove_import(:one, pg_temp.id('with', 900, 2)) ->> 'state', 'removing', 'a removal goes on after its answer');
select is(spillway.remove_import(:one, pg_temp.id('with', 900, 3)) ->> 'state', 'removing', 'another may begin meanwhile');
select is((select count(*)::integer from spillway.imports where id in (pg_temp.id('with', 900, 2), pg_temp.id('with', 900, 3))), 0, 'both are gone at once');
select is((select count(*)::integer from spillway.uploads where id in (pg_temp.id('with', 900, 2), pg_temp.id('with', 900, 3)) and abandoned_at is not null), 2,
  'their reports are left to the drain');
select throws_ok(format('select spillway.retry_errors(%s, %L)', :one, pg_temp.id('with', 900, 1)), 'SW409', null, 'nothing is stored before them meanwhile');
select count(spillway.take_back_imports()) from generate_series(1, 60) \g /dev/null
select is_empty($$ (select * from pg_temp.contents('with') except select * from pg_temp.contents('without'))
  union all (select * from pg_temp.contents('without') except select * from pg_temp.contents('with')) $$, 'two that are removed at once are as if they had not been');
select is(spillway.remove_import(:one, pg_temp.id('with', 900, 2)) ->> 'state', 'removed', 'who asks again is told so');
select is((select count(*)::integer from spillway.events where action = 'import.removed' and workspace_id = :one), 2, 'an event stays of each');

select pg_temp.begin('with', b) from books b where seed = 900 and n = 5 \g /dev/null
select throws_ok(format('select spillway.remove_import(%s, %L)', :one, pg_temp.id('with', 900, 5)), 'SW409',
  'the import is running; cancel it first, then it can be removed', 'what is running is cancelled first');
select * from finish();
rollback;
