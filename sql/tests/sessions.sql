begin;
select plan(34);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
select spillway.create_api_key('one', 'page', sha256('key'), '{read,triage}', now() + interval '1 day') ->> 'id' as key,
  spillway.create_api_key('two', 'other', sha256('other'), '{read}', null) ->> 'id' as other \gset
-- As a component tells who calls: by a key, or by a session's token.
create function pg_temp.by_token(p_token text) returns bytea language sql as $$ select '\x00'::bytea || sha256(p_token::bytea) $$;
create function pg_temp.log_in(p_key text, p_token text, p_valid_for interval default '12 hours') returns jsonb language sql as $$
  select spillway.create_session(spillway.workspace_of_key(sha256(p_key::bytea), '{upload,read,triage,admin}'), sha256(p_token::bytea), p_valid_for) $$;
create function pg_temp.opens(p_caller bytea, p_scopes text default '{read}') returns integer language sql as $$
  select spillway.workspace_of_key(p_caller, p_scopes::spillway.key_scope[]) $$;
create function pg_temp.valid(p_key uuid) returns integer language sql as $$
  select count(*)::integer from spillway.sessions where key_id = p_key and expires_at > now() $$;

-- One.
select is(pg_temp.log_in('key', 'token') - 'expires_at', jsonb_build_object('workspace', 'one', 'key', jsonb_build_object('id', :'key', 'name', 'page', 'scopes', '{read,triage}'::text[]), 'member', null),
  'who makes a session is told who that is');
select is(pg_temp.opens(pg_temp.by_token('token')), :one, 'a session opens the workspace of its key');
select is(pg_temp.opens(pg_temp.by_token('token'), '{triage}'), :one, 'to what the key may');
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('token'), '{upload,admin}') $$, 'SW403', 'this needs the scope upload or admin, and the API key has read, triage', 'and to nothing else');
select is(spillway.acting_key()::text, :'key', 'and acts as the key');
select is((select expires_at - now() from spillway.sessions), interval '12 hours', 'for half a day');
select is(spillway.get_session(pg_temp.opens(pg_temp.by_token('token')), pg_temp.by_token('token')) ->> 'expires_at', spillway.utc_text(now() + interval '12 hours'), 'which it tells');
select is(spillway.get_session(pg_temp.opens(sha256('key')), sha256('key')) ->> 'expires_at', spillway.utc_text(now() + interval '1 day'), 'and a key its own end');
select is(pg_temp.log_in('key', 'long', '2 days') ->> 'expires_at', spillway.utc_text(now() + interval '1 day'), 'no session outlasts its key');

-- Neither is taken for the other.
select throws_ok(format($$ select pg_temp.opens(%L) $$, caller), 'SW401', null, what) from (values
  (sha256('token'), 'a token is no key'),
  (pg_temp.by_token('key'), 'a key is no token'),
  ('\x00'::bytea || sha256('other'), 'not with a byte before it'),
  (pg_temp.by_token('unknown'), 'a token that nobody has is none'),
  (sha256('token') || '\x00'::bytea, 'nor one with a byte behind it'),
  (pg_temp.by_token('token') || '\x00'::bytea, 'or more of them'),
  (''::bytea, 'nor nothing')) c (caller, what);

-- The key's rate.
select spillway.charge_request(pg_temp.by_token('token'));
select is((select key_id::text from spillway.key_rates), :'key', 'what a session asks for is charged to its key');
select is(spillway.get_workspace(pg_temp.opens(pg_temp.by_token('token'))) #>> '{requests,available}', spillway.get_workspace(pg_temp.opens(sha256('key'))) #>> '{requests,available}', 'of which both tell');

-- The end.
select throws_ok($$ select spillway.end_session(pg_temp.opens(sha256('key')), sha256('key')) $$, 'SW404', null, 'a key is no session that could be ended');
select throws_ok(format($$ select spillway.end_session(%s, pg_temp.by_token('token')) from pg_temp.opens(sha256('other')) $$, :two), 'SW404', null, 'nor is another workspace''s');
select results_eq($$ select spillway.end_session(pg_temp.opens(pg_temp.by_token('token')), pg_temp.by_token('token')) is not null, spillway.charge_request(pg_temp.by_token('token')) is not null $$,
  $$ values (true, true) $$, 'a session is ended, and that is charged');
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('token')) $$, 'SW401', 'the API key is unknown, revoked or expired, or the session has ended', 'it opens nothing then');
select is(pg_temp.opens(pg_temp.by_token('long')), :one, 'others of the key do');
select set_eq($$ select action, actor from spillway.events where action like 'session.%' $$, $$ values ('session.created', 'page'), ('session.ended', 'page') $$, 'both is noted');
update spillway.sessions set expires_at = now() where hash = sha256('long');
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('long')) $$, 'SW401', null, 'one that has expired opens nothing');
select pg_temp.log_in('key', 'next');
update spillway.api_keys set expires_at = now() where id = :'key';
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('next')) $$, 'SW401', null, 'nor does one whose key has');
update spillway.api_keys set expires_at = null where id = :'key';
select is(pg_temp.opens(pg_temp.by_token('next')), :one, 'but for as long');
select spillway.revoke_key(:one, :'key');
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('next')) $$, 'SW401', null, 'or one whose key is revoked');
select throws_ok($$ select pg_temp.log_in('key', 'x') $$, 'SW401', null, 'of which no other can be made');

-- How many, and for how long they are kept.
select count(pg_temp.log_in('other', 'n' || n)) from generate_series(1, spillway.max_sessions() + 3) n;
select is(pg_temp.valid(:'other'), spillway.max_sessions(), 'a key has so many sessions');
select throws_ok($$ select pg_temp.opens(pg_temp.by_token('n3')) $$, 'SW401', null, 'the oldest end');
select is(pg_temp.opens(pg_temp.by_token('n4')), :two, 'and no other');
update spillway.sessions set expires_at = now() - interval '2 hours' where key_id = :'key' or hash in (sha256('n5'), sha256('n6'));
select spillway.clean_up(400, 1);
select is((select count(*)::integer from spillway.sessions), spillway.max_sessions() + 1, 'what has ended long ago goes');
select is(pg_temp.valid(:'other'), spillway.max_sessions() - 2, 'and nothing else');

select * from finish();
rollback;
