begin;
select plan(26);

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

select * from finish();
rollback;
