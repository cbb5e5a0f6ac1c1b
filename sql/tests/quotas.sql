begin;
select plan(41);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
create function pg_temp.id(n integer) returns uuid language sql as $$ select ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
create function pg_temp.used(p_workspace integer) returns text language sql as $$
  select concat_ws(' ', w.stored_bytes, (spillway.open_uploads_of(w.id)).reserved_bytes, w.active_imports, w.findings)
  from spillway.workspaces w where w.id = p_workspace $$;
create function pg_temp.open(p_workspace integer, n integer, p_size bigint) returns bigint language sql as $$
  select (spillway.open_upload(p_workspace, pg_temp.id(n), null, p_size) ->> 'reserved_bytes')::bigint $$;
create function pg_temp.create(p_workspace integer, n integer, p_size bigint) returns text language sql as $$
  select spillway.create_import(p_workspace, pg_temp.id(n), 'f', p_size, sha256('f')) ->> 'state' $$;
-- What a statement is refused with: SQLSTATE, code and members.
create function pg_temp.refusal(p_statement text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute p_statement;
  return 'ok';
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return concat_ws(' ', sqlstate, nullif(v_detail, '')::jsonb ->> 'code', nullif(v_detail, '')::jsonb -> 'members');
end $$;

-- Storage.
select spillway.set_workspace_limits('one', null, '{"max_stored_bytes": 1000}');
select is(pg_temp.open(:one, 1, 600), 600::bigint, 'room is reserved before a byte is read');
select is(pg_temp.used(:one), '0 600 0 0', 'and counts');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 2, 401)', :one)),
  'SW403 storage-quota {"used": 0, "limit": 1000, "needed": 401, "reserved": 600}', 'what has no room is refused');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 2, 401)', :two)), 'ok', 'but not in another workspace');
select is(pg_temp.open(:one, 2, 400), 400::bigint, 'what just fits is taken');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 3, null)', :one)),
  'SW403 storage-quota {"used": 0, "limit": 1000, "needed": 1, "reserved": 1000}', 'nor is there room for what does not say how long it is');
select is(pg_temp.create(:one, 1, 500), 'queued', 'an upload becomes an import');
select is(pg_temp.used(:one), '500 400 1 0', 'which takes what it has, and gives back the rest');
select is(pg_temp.open(:one, 3, null), 100::bigint, 'an upload of unknown length begins with what is left');
select is(pg_temp.refusal(format('select spillway.hold_upload(%s, pg_temp.id(3), 101)', :one)),
  'SW403 storage-quota {"used": 500, "limit": 1000, "needed": 101, "reserved": 400}', 'and ends there');
select spillway.close_upload(:one, pg_temp.id(2));
select is(spillway.hold_upload(:one, pg_temp.id(3), 101), 202::bigint, 'or goes on where another has ended, with twice as much');
select is(pg_temp.used(:one), '500 202 1 0', 'which is reserved');
select is(spillway.hold_upload(:one, pg_temp.id(3), 0), 202::bigint, 'a sign of life takes nothing back');
select is(pg_temp.refusal(format('select pg_temp.create(%s, 3, 203)', :one)), 'SW409', 'nobody stores more than was reserved');
select is((select count(*)::integer from spillway.uploads where workspace_id = :one), 1, 'and such an upload can be given up');
update spillway.uploads set seen_at = now() - spillway.upload_lease() where workspace_id = :one;
select is(pg_temp.used(:one), '500 0 1 0', 'who gives no sign of life has nothing reserved');
select is(pg_temp.refusal(format('select pg_temp.create(%s, 3, 100)', :one)), 'SW409', 'and nothing comes of it');
select is(pg_temp.refusal(format('select spillway.hold_upload(%s, pg_temp.id(3), 1)', :one)), 'SW409', 'nor does it come to life again');
select spillway.set_workspace_limits('one', null, '{"max_stored_bytes": 10}');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 4, 1)', :one)),
  'SW403 storage-quota {"used": 500, "limit": 10, "needed": 1, "reserved": 0}', 'a quota below what is used takes nothing more');
select spillway.set_workspace_limits('one', null, '{"max_stored_bytes": null}');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 4, 1)', :one)), 'ok', 'until it has the plan''s again');
select is((spillway.open_upload(:one, pg_temp.id(9), 'key', 5)) ->> 'reserved_bytes', '5', 'an Idempotency-Key that is new reserves');
select spillway.create_import(:one, pg_temp.id(9), 'f', 5, sha256('k'), 'key');
select spillway.set_workspace_limits('one', null, '{"max_active_imports": 0}');
select is((spillway.open_upload(:one, pg_temp.id(10), 'key', 5)) ->> 'reserved_bytes', '0', 'one that repeats an import does not, and needs no room in the queue');
select spillway.set_workspace_limits('one', null, '{"max_active_imports": null}');

-- Imports and findings.
select spillway.cancel_import(:one, pg_temp.id(1)), spillway.cancel_import(:one, pg_temp.id(9));
select is(pg_temp.used(:one), '505 1 0 0', 'an import that has ended is not active');
select spillway.retry_import(:one, pg_temp.id(1));
select is(pg_temp.used(:one), '505 1 1 0', 'one that is tried again is');
select spillway.claim_import('1 hour', 10);
with batch as (
  select jsonb_build_array(jsonb_build_object('id', md5('f'), 'tool', 't', 'kind', 'host', 'rule_id', '1', 'title', 'title', 'severity', 'high',
    'status', 'open', 'source_offset', 1)) as findings)
select spillway.ingest_batch(q.import_id, q.attempt, q.fence, '1 hour', '{"assets": [], "problems": []}', spillway.findings_of(findings), null, 1, 'f', '\x01', 5)
from batch, spillway.import_queue q where q.import_id = pg_temp.id(1);
select is(pg_temp.used(:one), '505 1 1 0', 'findings are counted');
select spillway.finish_import(q.import_id, q.attempt, q.fence) from spillway.import_queue q where q.import_id = pg_temp.id(1);
select is(pg_temp.used(:one), '505 1 0 1', 'when their import ends');
select spillway.set_workspace_limits('one', null, '{"max_findings": 1}');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 5, 1)', :one)), 'SW403 findings-quota {"used": 1, "limit": 1}', 'as many as there may be end the uploads');
select spillway.set_workspace_limits('one', null, '{"max_findings": null, "max_open_uploads": 2}');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 5, 1)', :one)), 'SW429 too-many-uploads {"used": 2, "limit": 2}', 'uploads at a time');
select spillway.set_workspace_limits('one', null, '{"max_open_uploads": null, "max_active_imports": 0}');
select is(pg_temp.refusal(format('select pg_temp.open(%s, 5, 1)', :one)), 'SW429 too-many-imports {"used": 0, "limit": 0}', 'imports at a time');

-- What is removed.
update spillway.imports set finished_at = now() - interval '31 days', state = state where id = pg_temp.id(1);
select spillway.claim_leftovers(30, 10);
select is((select stored_bytes from spillway.workspaces where id = :one), 5::bigint, 'a report that is removed gives its room back');
update spillway.imports set finished_at = now() - interval '401 days', state = state where id = pg_temp.id(1);
select spillway.remove_old_import(400, 10);
select is_empty($$ select from spillway.imports where id = pg_temp.id(1) union all select from spillway.import_findings where import_id = pg_temp.id(1) $$,
  'and much later its import goes');
select is((select count(*)::integer from spillway.findings where workspace_id = :one), 1, 'but not what it found');

-- Plans.
select spillway.set_plan('small', '{"max_findings": 7}');
select is(spillway.set_workspace_limits('two', 'small', '{}') #>> '{limits,max_findings}', '7', 'a plan has limits');
select spillway.set_plan('small', '{"max_findings": 8}');
select is((spillway.limits_of(:two)).max_findings, 8::bigint, 'which hold at once');
select is(pg_temp.refusal($$ select spillway.set_plan('small', '{"max_cats": 7}') $$), 'SW422', 'unknown limits are refused');
select is(pg_temp.refusal($$ select spillway.set_plan('small', '{"max_findings": -1}') $$), 'SW422', 'and those that cannot be');

-- Requests.
select spillway.set_workspace_limits('two', null, '{"requests_per_minute": 1, "request_burst": 16}');
select spillway.create_api_key('two', 'key', sha256('key'), '{read}', null);
select is(pg_temp.refusal($$ select spillway.charge_request(sha256('key')) from generate_series(1, 17) $$), 'SW429 quota-exceeded {"violated-policies": ["requests"]}',
  'a burst is as large as it is');
select spillway.charge_request(sha256('key'), 16);
select is(pg_temp.refusal($$ select spillway.workspace_of_key(sha256('key'), '{read}') $$), 'SW429 quota-exceeded {"violated-policies": ["requests"]}',
  'who has used it up is refused before anything is done');
select is(pg_temp.refusal($$ select spillway.charge_request(sha256('key'), 16, true) $$), 'SW429 quota-exceeded {"violated-policies": ["requests"]}',
  'nor does it get credit');
update spillway.key_rates set full_at = full_at - interval '1 minute', open_at = open_at - interval '1 minute';
select spillway.charge_request(sha256('key'), 16, true);
select ok((select open_at > now() + interval '14 minutes' from spillway.key_rates), 'who has one left gets the others on credit, and waits for as long');
update spillway.key_rates set full_at = full_at + interval '1 day', open_at = open_at + interval '1 day';
select is(pg_temp.refusal($$ select spillway.workspace_of_key(sha256('key'), '{read}'), spillway.charge_request(sha256('key')) $$), 'ok',
  'where the clock is put back nobody waits until it is as late again');

select * from finish();
rollback;
