-- What a page polls, and what an import means for whoever waits for it.
begin;
select plan(13);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
create function pg_temp.import(p_workspace integer, p_n integer) returns uuid language sql as $$
  select spillway.open_upload(p_workspace, id), spillway.create_import(p_workspace, id, 'f', 100, sha256('1'))
  from (select ('01900000-0000-7000-8000-' || lpad(to_hex(p_n), 12, '0'))::uuid as id) as i;
  select ('01900000-0000-7000-8000-' || lpad(to_hex(p_n), 12, '0'))::uuid $$;
create function pg_temp.ended(p_import uuid) returns text language sql as $$
  select spillway.finish_import(p_import, attempt, fence) ->> 'state' from spillway.import_queue where import_id = p_import $$;
create function pg_temp.poll(p_workspace integer, p_known text default null) returns jsonb language sql as $$
  select document::jsonb from spillway.activity(p_workspace, p_known) $$;
create function pg_temp.version(p_workspace integer) returns text language sql as $$ select version from spillway.activity(p_workspace) $$;

select is(pg_temp.poll(:one) - 'workspace', '{"active": [], "ended": [], "unread": 0, "poll_after_ms": 15000}', 'nothing, and not soon again');
select pg_temp.import(:one, 1) as first \gset
select is(pg_temp.poll(:one) #>> '{active,0,id}', :'first', 'an import that waits is active');
select is(pg_temp.poll(:one) -> 'poll_after_ms', '1000', 'and soon something else');
select is(pg_temp.poll(:two) -> 'active', '[]', 'for its workspace');
select pg_temp.version(:one) as known \gset
select is(pg_temp.poll(:one, :'known'), null, 'who has the version is told nothing');
select spillway.claim_import('40 s', 100) \g /dev/null
select is(pg_temp.poll(:one, :'known') -> 'poll_after_ms', '2000', 'until something happens');

-- Two findings are new, one was there and is seen again, one was there and is a person's.
insert into spillway.findings (workspace_id, id, tool, kind, rule_id, title, severity, status, source_offset, first_import_id, last_import_id)
select :one, md5(n::text)::uuid, 't', 'host', n, 'title', case when n = 1 then 'critical' else 'high' end::spillway.severity,
  case when n = 4 then 'accepted_risk' else 'open' end::spillway.finding_status, n, :'first', :'first' from generate_series(1, 4) n;
insert into spillway.import_findings (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
select :one, :'first', id, case when source_offset < 3 then 'new' else 'unchanged' end::spillway.seen_as, severity, source_offset from spillway.findings where workspace_id = :one;
select is(pg_temp.poll(:one) #> '{active,0,gate}', 'null', 'there is no gate before the end');
select is(pg_temp.ended(:'first'), 'completed', 'it ends');
select is(pg_temp.poll(:one) #> '{ended,0,gate}', '{"new": {"info": 0, "low": 0, "medium": 0, "high": 1, "critical": 1}, "reopened": {"info": 0, "low": 0, "medium": 0, "high": 0, "critical": 0},
  "known": {"info": 0, "low": 0, "medium": 0, "high": 1, "critical": 0}}', 'then it says what is open of what the import saw, and what of it is new');
select is(pg_temp.poll(:one) -> 'unread', '1', 'and somebody is told');

-- No more than a page shows.
select pg_temp.import(:one, n) from generate_series(2, 70) n \g /dev/null
select spillway.cancel_import(:one, id) from spillway.imports where workspace_id = :one and id between '01900000-0000-7000-8000-000000000002' and '01900000-0000-7000-8000-00000000000e' \g /dev/null
select is(jsonb_array_length(pg_temp.poll(:one) -> 'active'), 50, 'the newest of what is active');
select is(jsonb_array_length(pg_temp.poll(:one) -> 'ended'), 10, 'and of what has ended');
select is(pg_temp.poll(:one) #>> '{ended,0,id}', '01900000-0000-7000-8000-00000000000e', 'in their order');

select * from finish();
rollback;
