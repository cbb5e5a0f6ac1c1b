-- Keys are made over HTTP: they are listed by age, and those that are valid are counted.

create index api_keys_by_age on spillway.api_keys (workspace_id, created_at, id);
create index api_keys_by_end on spillway.api_keys (workspace_id, (coalesce(expires_at, 'infinity'))) where revoked_at is null;

-- Sessions: what a page shows instead of a key.

create table spillway.sessions (
  workspace_id integer not null,
  key_id uuid not null,
  hash bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (workspace_id, key_id, hash),
  constraint sessions_are_of_a_key foreign key (workspace_id, key_id) references spillway.api_keys (workspace_id, id) on delete cascade,
  constraint sessions_are_found_by_hash unique (hash),
  constraint session_hash_is_sha256 check (octet_length(hash) = 32)
);
alter table spillway.sessions enable row level security;
comment on table spillway.sessions is 'what pages show in a cookie instead of the key that each was made with, whose rights and end are its own';
comment on column spillway.sessions.hash is 'SHA-256 of the token in the cookie (256 random bits)';
comment on column spillway.sessions.expires_at is 'until when it is valid, if its key is as long; the past where it was ended';
create index sessions_of_key on spillway.sessions (workspace_id, key_id, expires_at);
create index sessions_by_end on spillway.sessions (expires_at);

-- Members: the people of a workspace.

create table spillway.members (
  workspace_id integer not null constraint members_belong_to_a_workspace references spillway.workspaces (id),
  id uuid not null,
  name text not null,
  email text not null,
  scopes spillway.key_scope[] not null,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (workspace_id, id),
  constraint members_may_something check (cardinality(scopes) > 0)
);
alter table spillway.members enable row level security;
comment on table spillway.members is 'the people of a workspace; what one who was removed has done stays theirs';
comment on column spillway.members.id is 'UUID version 7: members are listed by it';
comment on column spillway.members.scopes is 'what keys of theirs may do at most';
create unique index members_by_email on spillway.members (workspace_id, lower(email)) where removed_at is null;
create index present_members on spillway.members (workspace_id, id) where removed_at is null;

alter table spillway.api_keys
  add column member_id uuid,
  add constraint keys_may_be_of_a_member foreign key (workspace_id, member_id) references spillway.members (workspace_id, id);
comment on column spillway.api_keys.member_id is 'whose it is; null: a program''s';
create index api_keys_by_member on spillway.api_keys (workspace_id, member_id) where member_id is not null;

alter table spillway.events add column member_id uuid;
comment on column spillway.events.member_id is 'the member whose key it was; null: nobody''s';
