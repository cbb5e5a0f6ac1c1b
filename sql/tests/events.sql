begin;
select plan(22);

select spillway.create_workspace('one') as one \gset
\set import '01900000-0000-7000-8000-000000000001'
select spillway.create_api_key('one', 'triage', sha256('key'), '{upload,triage}', null) ->> 'id' as key \gset
create function pg_temp.last(p_path text default null) returns text language sql as $$
  select case when p_path is null then concat_ws(' ', action, actor, reason) else to_jsonb(e) #>> p_path::text[] end from spillway.events e order by id desc limit 1 $$;
create function pg_temp.decide(p_status text, p_reason text, p_ends_at text) returns jsonb language sql as $$
  select spillway.decide_finding(spillway.workspace_of_key(sha256('key'), '{triage}'), md5('f')::uuid, p_status::spillway.finding_status, p_reason, p_ends_at) $$;

select results_eq($$ select action from spillway.events order by id $$, $$ values ('workspace.created'), ('key.created') $$, 'what an operator does is noted');
select is((select distinct actor from spillway.events), session_user::text, 'by their role');

select spillway.open_upload(:one, :'import'), spillway.create_import(spillway.workspace_of_key(sha256('key'), '{upload}'), :'import', 'f', 10, sha256('1'));
select is(pg_temp.last(), 'import.created triage', 'what is done with a key by its name');
select is(pg_temp.last('{key_id}'), :'key', 'and its id');
select is(pg_temp.last('{after,file_name}'), 'f', 'with what was done');
select spillway.cancel_import(:one, :'import');
select is(pg_temp.last('{action}'), 'import.cancelled', 'imports are cancelled');
select spillway.retry_import(:one, :'import');
select is(pg_temp.last('{action}'), 'import.retried', 'and tried again');

-- Decisions.
insert into spillway.findings (workspace_id, id, tool, kind, rule_id, title, severity, source_offset, first_import_id, last_import_id)
values (:one, md5('f')::uuid, 't', 'host', '1', 'title', 'high', 1, :'import', :'import');
select is(pg_temp.decide('accepted_risk', 'behind the proxy', to_char(now() + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) #>> '{decision,reason}', 'behind the proxy',
  'a decision has a reason');
select is(pg_temp.last(), 'finding.decided triage behind the proxy', 'which is noted');
select is(pg_temp.last('{before,status}') || ' ' || pg_temp.last('{after,status}'), 'open accepted_risk', 'with what was before and after');
select is(spillway.get_finding(:one, md5('f')::uuid) #>> '{decision,actor}', 'triage', 'a finding tells who decided');
select throws_ok(format($$ select pg_temp.decide('accepted_risk', null, %L) $$, ends_at), 'SW422', null, ends_at || ' is no end')
from (values ('tomorrow'), ('2020-01-01T00:00:00Z'), ('2999-01-01T00:00:00Z'), ('2027-13-01T00:00:00Z')) e (ends_at);
select throws_ok($$ select pg_temp.decide('false_positive', null, '2027-01-01T00:00:00Z') $$, 'SW422', null, 'and what is no risk ends never');
update spillway.finding_decisions set ends_at = now() - interval '1 second';
select is(spillway.end_decisions(10), 1, 'a risk that was accepted until now');
select is(spillway.get_finding(:one, md5('f')::uuid) ->> 'status', 'open', 'is open again');
select is(pg_temp.last('{action}'), 'finding.decision_ended', 'which is noted, too');
select pg_temp.decide('closed', 'fixed', null);
select is((pg_temp.decide('open', null, null)) -> 'decision', 'null', 'who opens a finding decides nothing');

-- Nobody changes them.
select throws_ok($$ update spillway.events set actor = 'somebody else' $$, '23514', null, 'an event stays as it is');
select throws_ok($$ delete from spillway.events $$, '23514', null, 'and where it is');

select * from finish();
rollback;
