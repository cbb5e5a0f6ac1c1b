begin;
select plan(50);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
create function pg_temp.make(p_workspace text, p_key text, p_scopes text default '{upload,read}', p_expires_at timestamptz default null) returns uuid language sql as $$
  select (spillway.create_api_key(p_workspace, p_key, sha256(p_key::bytea), p_scopes::spillway.key_scope[], p_expires_at) ->> 'id')::uuid $$;
create function pg_temp.opens(p_key text, p_scopes text default '{read}') returns integer language sql as $$
  select spillway.workspace_of_key(sha256(p_key::bytea), p_scopes::spillway.key_scope[]) $$;
select pg_temp.make('one', 'good') as good, pg_temp.make('one', 'expired', '{read}', now() - interval '1 second') as expired,
  pg_temp.make('one', 'expiring', '{read}', now() + interval '1 hour') as expiring, pg_temp.make('one', 'revoked') as revoked,
  pg_temp.make('two', 'good of two') as other \gset

select is(pg_temp.opens('good'), :one, 'a key opens its own workspace');
select is(pg_temp.opens('good of two'), :two, 'and another key another');
select is(pg_temp.opens('expiring'), :one, 'a key is valid until it expires');
select throws_ok($$ select pg_temp.opens('expired') $$, 'SW401', null, 'an expired key opens nothing');
select throws_ok($$ select pg_temp.opens('unknown') $$, 'SW401', null, 'an unknown key opens nothing');
select throws_ok($$ select pg_temp.make('onne', 'typo') $$, 'SW404', null, 'a misspelt workspace is none');
select is((select count(*)::integer from spillway.workspaces), 2, 'and does not become one');
select throws_ok($$ select pg_temp.make('one', 'nothing', '{}') $$, '23514', null, 'a key may do something');

-- Scopes.
select is(pg_temp.opens('good', '{triage,upload}'), :one, 'one of the scopes is enough');
select throws_ok($$ select pg_temp.opens('expiring', '{upload}') $$, 'SW403', 'this needs the scope upload, and the API key has read', 'none is not');
select throws_ok($$ select pg_temp.opens('good', '{triage,admin}') $$, 'SW403', 'this needs the scope triage or admin, and the API key has upload, read',
  'whatever others it has');
select throws_ok($$ select pg_temp.opens('expired', '{admin}') $$, 'SW401', null, 'of what is no key no scope is told');

-- Its use.
update spillway.api_keys set last_used_at = null;
select pg_temp.opens('good');
select is((select last_used_at from spillway.api_keys where id = :'good'), now(), 'the use of a key is noted');
select is((select count(*)::integer from spillway.api_keys where last_used_at is not null), 1, 'of that key');
update spillway.api_keys set last_used_at = now() - interval '59 minutes' where id = :'good';
select pg_temp.opens('good');
select is((select last_used_at from spillway.api_keys where id = :'good'), now() - interval '59 minutes', 'not twice in an hour');
update spillway.api_keys set last_used_at = now() - interval '61 minutes' where id = :'good';
select pg_temp.opens('good');
select is((select last_used_at from spillway.api_keys where id = :'good'), now(), 'but after it');

-- The end of keys.
select is(spillway.revoke_api_key(:'revoked', null) ->> 'state', 'revoked', 'a key can be revoked by its id');
select throws_ok($$ select pg_temp.opens('revoked') $$, 'SW401', null, 'and opens nothing then');
select throws_ok(format($$ select spillway.revoke_api_key(%L, null) $$, :'revoked'), 'SW404', null, 'once');
select is(spillway.revoke_api_key(null, sha256('good of two')) ->> 'workspace', 'two', 'or by itself');
select throws_ok($$ select spillway.revoke_api_key(null, sha256('unknown')) $$, 'SW404', null, 'an unknown key cannot be revoked');

-- Rotation.
select spillway.rotate_api_key(:'good', sha256('better'), now() + interval '90 days', interval '1 day') as rotated \gset
select is(pg_temp.opens('better', '{upload}') + pg_temp.opens('good'), 2 * :one, 'two keys are valid while one takes the other''s place');
select results_eq($$ select name, scopes::text, extract(day from expires_at - now())::integer from spillway.api_keys where hash in (sha256('good'), sha256('better'))
  order by expires_at $$, $$ values ('good', '{upload,read}', 1), ('good', '{upload,read}', 90) $$, 'of one name and the same scopes');
select throws_ok(format($$ select spillway.rotate_api_key(%L, sha256('x'), null, '1 day') $$, :'expired'), 'SW404', null, 'what is not valid has no successor');

-- All of them.
select is((select array_agg(k ->> 'state' order by k ->> 'state') from jsonb_array_elements(spillway.list_api_keys('one')) k),
  '{expired,revoked,valid,valid,valid}', 'all keys of a workspace are listed');
select is(jsonb_array_length(spillway.list_api_keys(null)), 6, 'or of all');

-- Over HTTP, in one's own workspace.
create function pg_temp.create(p_key jsonb, p_secret text) returns jsonb language sql as $$
  select spillway.create_key(spillway.workspace_of_key(sha256('root'), '{admin}'), sha256(p_secret::bytea), '{"name": "made", "scopes": ["read"]}' || p_key) $$;
select pg_temp.make('one', 'root', '{admin}') as root \gset
select pg_temp.create('{}', 'made') as made \gset
select is(:'made'::jsonb - '{id,created_at,expires_at}'::text[], '{"workspace": "one", "name": "made", "member_id": null, "scopes": ["read"], "state": "valid", "last_used_at": null, "revoked_at": null}',
  'a key is made by a key');
select is((select extract(day from expires_at - now())::integer from spillway.api_keys where name = 'made'), 90, 'for 90 days');
select is((select concat_ws(' ', action, actor) from spillway.events where object_id = :'made'::jsonb ->> 'id'), 'key.created root', 'which is noted');
select is(pg_temp.opens('made'), :one, 'and opens the workspace');
select is(pg_temp.create('{"name": "until", "expires_at": "2027-01-01T00:00:00+01:00", "scopes": ["upload", "admin"]}', 'until') ->> 'expires_at', '2026-12-31T23:00:00.000Z', 'it ends when that is said');
select throws_ok(format($$ select pg_temp.create('{"expires_at": "%s"}', 'x') $$, expires_at), 'SW422', null, expires_at || ' is no end')
from (values ('tomorrow'), ('2020-01-01T00:00:00Z'), ('2999-01-01T00:00:00Z'), ('2027-13-01T00:00:00Z')) e (expires_at);
select is((select last_used_at from spillway.api_keys where id = :'root'), null, 'who may change other keys holds none meanwhile');
select spillway.charge_request(sha256('root'));
select is((select last_used_at from spillway.api_keys where id = :'root'), now(), 'its use is noted at the end');

select is((spillway.rotate_key(:one, (:'made'::jsonb ->> 'id')::uuid, sha256('turned'), null)) ->> 'name', 'made', 'a key is rotated');
select results_eq($$ select extract(day from expires_at - now())::integer from spillway.api_keys where name = 'made' order by 1 $$, $$ values (1), (90) $$,
  'the one before is valid for a day more');
select is(spillway.revoke_key(:one, (:'made'::jsonb ->> 'id')::uuid) ->> 'state', 'revoked', 'and revoked');
select throws_ok(format($$ select spillway.revoke_key(%s, %L) $$, :one, :'made'::jsonb ->> 'id'), 'SW404', null, 'once');
select throws_ok(format($$ select spillway.revoke_key(%s, %L) $$, :two, :'root'), 'SW404', null, 'a stranger revokes nothing');
select throws_ok(format($$ select spillway.rotate_key(%s, %L, sha256('x'), null) $$, :two, :'root'), 'SW404', null, 'and rotates nothing');
select is(pg_temp.opens('root', '{admin}'), :one, 'it is as before');

-- Pages.
update spillway.api_keys set created_at = now() - interval '1 day' where id = :'root';
with recursive pages as (
  select p.items::jsonb as items, p.next from spillway.list_keys(:one, null, 3) p
  union all select n.items::jsonb, n.next from pages p cross join lateral spillway.list_keys(:one, p.next::uuid, 3) n where p.next is not null
), listed as (select k ->> 'id' as id from pages, jsonb_array_elements(items) k)
select is((select array_agg(id) from listed), (select array_agg(id::text order by created_at desc, id desc) from spillway.api_keys where workspace_id = :one),
  'all keys are listed in pages, newest first');
select is(spillway.list_keys(:two, :'root', 9)::text, '([],)', 'a place of another workspace is none');
select ok(not spillway.list_keys(:one, null, 200)::text ~ 'hash|good of two', 'of no other workspace, and without what they are known by');

-- How many.
insert into spillway.api_keys (workspace_id, name, hash, scopes, expires_at, revoked_at)
select :one, 'n', sha256(n::text::bytea), '{read}', case when n % 2 = 0 then now() else now() + interval '1 day' end, case when n % 2 = 1 then now() end from generate_series(1, 2000) n;
select ok(pg_temp.create('{}', 'a') is not null, 'keys that are no longer valid are not counted');
insert into spillway.api_keys (workspace_id, name, hash, scopes)
select :one, 'n', sha256(n::text::bytea), '{read}' from generate_series(5000, 5000 + spillway.max_keys() - 1 - (
  select count(*)::integer from spillway.api_keys where workspace_id = :one and revoked_at is null and coalesce(expires_at, 'infinity') > now())) n;
select throws_ok($$ select pg_temp.create('{}', 'b') $$, 'SW403', 'a workspace may have 1000 valid keys; revoke one that nobody needs', 'those that are have a limit');
select throws_ok(format($$ select spillway.rotate_key(%s, %L, sha256('c'), null) $$, :one, :'root'), 'SW403', null, 'whichever way they are made');

select * from finish();
rollback;
