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
create index sessions_by_end on spillway.sessions (expires_at);
