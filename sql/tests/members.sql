begin;
select plan(38);

select spillway.create_workspace('one') as one, spillway.create_workspace('two') as two \gset
select spillway.create_api_key('one', 'ruler', sha256('ruler'), '{admin}', null) ->> 'id' as ruler \gset
create function pg_temp.as_ruler() returns integer language sql as $$ select spillway.workspace_of_key(sha256('ruler'), '{admin}') $$;
create function pg_temp.member(p_change jsonb default '{}') returns jsonb language sql as $$
  select spillway.create_member(pg_temp.as_ruler(), '{"name": "Ann", "email": "ann@a.example", "scopes": ["read", "triage"]}' || p_change) $$;
create function pg_temp.key(p_member text, p_scopes jsonb, p_secret text) returns jsonb language sql as $$
  select spillway.create_key(pg_temp.as_ruler(), sha256(p_secret::bytea), jsonb_build_object('name', p_secret, 'scopes', p_scopes, 'member_id', p_member)) $$;
create function pg_temp.opens(p_caller bytea, p_scopes text default '{read}') returns integer language sql as $$
  select spillway.workspace_of_key(p_caller, p_scopes::spillway.key_scope[]) $$;
create function pg_temp.last(p_object text) returns spillway.events language sql as $$
  select e from spillway.events e where object_id = p_object order by happened_at desc limit 1 $$;

-- People.
select pg_temp.member() ->> 'id' as ann \gset
select is(spillway.list_members(:one, null, 9)::text ~ :'ann', true, 'a member is made and listed');
select is((select (e.action, e.actor)::text from pg_temp.last(:'ann') e), '(member.created,ruler)', 'which is noted');
select throws_ok($$ select pg_temp.member('{"email": "Ann@A.example"}') $$, 'SW409', 'another member has the address Ann@A.example', 'an address is one member''s, however it is written');
select pg_temp.member('{"email": "bob@a.example", "name": "Bob"}') ->> 'id' as bob \gset
select throws_ok(format($$ select spillway.change_member(%s, %L, '{"email": "ANN@a.example"}') $$, :one, :'bob'), 'SW409', null, 'also where it is changed');
select is(spillway.change_member(:one, :'bob', '{"email": "BOB@a.example"}') ->> 'email', 'BOB@a.example', 'to one''s own it can be');
select is(spillway.create_member(:two, '{"name": "Ann", "email": "ann@a.example", "scopes": ["read"]}') ->> 'name', 'Ann', 'and in another workspace there is another');
select is(spillway.change_member(:one, :'bob', '{"name": "Robert"}') - '{id,created_at}'::text[],
  '{"name": "Robert", "email": "BOB@a.example", "scopes": ["read", "triage"], "removed_at": null}', 'what is not said stays');
select is((select e.before ->> 'name' from pg_temp.last(:'bob') e), 'Bob', 'and what was, is noted');

-- Strangers.
select throws_ok(format($$ select spillway.change_member(%s, %L, '{"name": "x"}') $$, :two, :'ann'), 'SW404', null, 'a stranger changes nobody');
select throws_ok(format($$ select spillway.remove_member(%s, %L) $$, :two, :'ann'), 'SW404', null, 'and removes nobody');
select ok(not spillway.list_members(:two, null, 9)::text ~ :'ann', 'nor sees them');
select throws_ok(format($$ select spillway.create_key(%s, sha256('x'), '{"name": "x", "scopes": ["read"], "member_id": "%s"}') $$, :two, :'ann'), 'SW422',
  'there is no member of this member_id', 'nor makes a key of theirs');

-- Their keys.
select pg_temp.key(:'ann', '["read", "triage"]', 'both') as made \gset
select is(:'made'::jsonb ->> 'member_id', :'ann', 'a key may be a member''s');
select throws_ok(format($$ select pg_temp.key(%L, '["read", "upload"]', 'x') $$, :'ann'), 'SW422', 'a key may do no more than its member, who has read, triage', 'and no more than they');
select is(pg_temp.key(:'ann', '["triage"]', 'triage') -> 'scopes', '["triage"]', 'but less');
select is(pg_temp.key(:'bob', '["read"]', 'other') ->> 'member_id', :'bob', 'others have others');
select is(spillway.rotate_key(:one, (:'made'::jsonb ->> 'id')::uuid, sha256('next'), null) ->> 'member_id', :'ann', 'one that takes another''s place is the same member''s');
select spillway.create_session(pg_temp.opens(sha256('next')), sha256('token'), '1 hour') as session \gset
select is(:'session'::jsonb -> 'member', jsonb_build_object('id', :'ann', 'name', 'Ann', 'email', 'ann@a.example'), 'a session names the member');
select is((select (e.actor, e.member_id)::text from spillway.events e where action = 'session.created'), format('(both,%s)', :'ann'), 'and so does an event');
select is((select spillway.event_document(e) -> 'member' from spillway.events e where action = 'session.created'), jsonb_build_object('id', :'ann', 'name', 'Ann'), 'by their name');
select is((select spillway.event_document(e) -> 'member' from spillway.events e where object_id = :'made'::jsonb ->> 'id' and action = 'key.created'), 'null', 'where it was one');

-- Less than before.
select is(spillway.change_member(:one, :'ann', '{"scopes": ["upload", "triage"]}') -> 'scopes', '["upload", "triage"]', 'a member may less, and other things');
select results_eq(format($$ select name, scopes::text, revoked_at is null from spillway.api_keys where member_id = %L order by name, created_at, hash $$, :'ann'),
  $$ values ('both', '{triage}', true), ('both', '{triage}', true), ('triage', '{triage}', true) $$, 'and their keys with them');
select is((select (e.action, e.before -> 'scopes', e.after -> 'scopes')::text from pg_temp.last(:'made'::jsonb ->> 'id') e), '(key.narrowed,"[""read"", ""triage""]","[""triage""]")', 'which is noted');
select throws_ok($$ select pg_temp.opens('\x00'::bytea || sha256('token')) $$, 'SW403', null, 'a session may less, too');
select is(pg_temp.opens('\x00'::bytea || sha256('token'), '{triage}'), :one, 'and what is left');
select is(pg_temp.opens(sha256('other')), :one, 'others may what they could');
select spillway.change_member(:one, :'ann', '{"scopes": ["upload"]}');
select is((select count(*)::integer from spillway.api_keys where member_id = :'ann' and revoked_at is null), 0, 'a key that would have no scope is revoked');

-- Who leaves.
select pg_temp.key(:'ann', '["upload"]', 'last') is not null;
select is(spillway.remove_member(:one, :'ann') ->> 'removed_at', spillway.utc_text(now()), 'a member is removed');
select throws_ok($$ select pg_temp.opens(sha256('last'), '{upload}') $$, 'SW401', null, 'with their keys');
select throws_ok($$ select pg_temp.opens('\x00'::bytea || sha256('token'), '{triage}') $$, 'SW401', null, 'and sessions');
select is((select count(*)::integer from spillway.events where action = 'member.removed'), 1, 'which is noted');
select throws_ok(format($$ select spillway.remove_member(%s, %L) $$, :one, :'ann'), 'SW404', null, 'once');
select throws_ok(format($$ select pg_temp.key(%L, '["upload"]', 'x') $$, :'ann'), 'SW422', null, 'a key of theirs cannot be made');
select ok(not spillway.list_members(:one, null, 9)::text ~ :'ann', 'they are listed no more');
select is(pg_temp.member() ->> 'email', 'ann@a.example', 'and their address is free');

-- How many.
insert into spillway.members (workspace_id, id, name, email, scopes, removed_at)
select :one, spillway.new_id(), 'n', 'n' || n, '{read}', case when n % 2 = 0 then now() end from generate_series(1, 2 * (spillway.max_members() - 2)) n;
select throws_ok($$ select pg_temp.member('{"email": "c@a.example"}') $$, 'SW403', 'a workspace may have 1000 members; remove one who left', 'a workspace has so many members');
with recursive pages as (
  select p.items::jsonb as items, p.next from spillway.list_members(:one, null, 150) p
  union all select n.items::jsonb, n.next from pages p cross join lateral spillway.list_members(:one, p.next::uuid, 150) n where p.next is not null
)
select is((select array_agg(m ->> 'id') from pages, jsonb_array_elements(items) m),
  (select array_agg(id::text order by id desc) from spillway.members where workspace_id = :one and removed_at is null), 'all are listed in pages, newest first');

select * from finish();
rollback;
