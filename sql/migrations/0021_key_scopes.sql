-- A key may do some things only, and it is known when it was last used.

create type spillway.key_scope as enum ('upload', 'read', 'triage', 'admin');
comment on type spillway.key_scope is
  'what a key may do: upload reports and steer their imports; read; decide of findings and mark notifications read; rule its workspace';

alter table spillway.api_keys
  add column last_used_at timestamptz,
  -- What keys could do before.
  add column scopes spillway.key_scope[] not null default '{upload,read,triage}',
  add constraint keys_may_something check (cardinality(scopes) > 0);
alter table spillway.api_keys alter column scopes drop default;
comment on column spillway.api_keys.scopes is 'what it may do; each request needs one of those that it names';
comment on column spillway.api_keys.last_used_at is 'when it was last used, to the hour: see note_key_use';
comment on column spillway.api_keys.expires_at is 'until when it is valid; null: until it is revoked';
