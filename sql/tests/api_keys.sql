begin;
select plan(7);

select spillway.create_api_key('one', 'good', sha256('good'));
select spillway.create_api_key('one', 'expired', sha256('expired'), now() - interval '1 second');
select spillway.create_api_key('one', 'expiring', sha256('expiring'), now() + interval '1 hour');
select spillway.create_api_key('one', 'revoked', sha256('revoked'));
select spillway.create_api_key('two', 'good', sha256('good of two'));

select isnt(spillway.workspace_of_key(sha256('good')), spillway.workspace_of_key(sha256('good of two')), 'a key opens its own workspace');
select is(spillway.workspace_of_key(sha256('expiring')), spillway.workspace_of_key(sha256('good')), 'a key is valid until it expires');
select throws_ok($$ select spillway.workspace_of_key(sha256('expired')) $$, 'SW401', null, 'an expired key opens nothing');
select throws_ok($$ select spillway.workspace_of_key(sha256('unknown')) $$, 'SW401', null, 'an unknown key opens nothing');
select is(spillway.revoke_api_key(sha256('unknown')), false, 'an unknown key cannot be revoked');
select is(spillway.revoke_api_key(sha256('revoked')), true, 'a key can be revoked');
select throws_ok($$ select spillway.workspace_of_key(sha256('revoked')) $$, 'SW401', null, 'a revoked key opens nothing');

select * from finish();
rollback;
