-- Everything that one import needs: who may import, the imports and their queue, what they found, what went wrong, who is told.
--
-- Every row carries its workspace, first in every unique key, so that the tables can be partitioned or distributed by it. Assets, findings
-- and occurrences are identified by what they are (a hash, as UUID version 8), not by a number given here: a batch is stored without looking
-- anything up first, and storing it twice is the same as storing it once.

create type spillway.import_state as enum ('queued', 'running', 'completed', 'failed', 'cancelled');
create type spillway.import_stage as enum ('queued', 'parsing', 'assets', 'findings', 'finalizing', 'done');
create type spillway.severity as enum ('info', 'low', 'medium', 'high', 'critical');
create type spillway.finding_status as enum ('open', 'closed', 'false_positive', 'accepted_risk');
create type spillway.finding_kind as enum ('host', 'web', 'code', 'dependency', 'secret', 'configuration');
create type spillway.asset_kind as enum ('host', 'site', 'repository', 'image', 'cloud_resource');
create type spillway.seen_as as enum ('new', 'updated', 'reopened');
create type spillway.notification_kind as enum ('completed', 'warning', 'failed');

comment on type spillway.import_state is 'queued and running imports have a row in import_queue, ended ones have none';
comment on type spillway.import_stage is 'what a running import is doing, for people';
comment on type spillway.severity is 'from harmless to worst';
comment on type spillway.seen_as is 'what an import meant for something that it saw';

create table spillway.workspaces (
  id integer generated always as identity,
  name text not null,
  max_import_bytes bigint not null default 5368709120,
  max_running_imports smallint not null default 4,
  created_at timestamptz not null default now(),
  constraint workspaces_pkey primary key (id),
  constraint workspace_names_are_unique unique (name),
  constraint workspace_name_is_short check (length(name) between 1 and 200),
  constraint workspace_limits_are_positive check (max_import_bytes > 0 and max_running_imports > 0)
);
comment on table spillway.workspaces is 'a team; it sees nothing of another';
comment on column spillway.workspaces.max_import_bytes is 'the largest report it may upload, in bytes after Content-Encoding is undone';
comment on column spillway.workspaces.max_running_imports is 'how many of its imports are worked on at a time';

create table spillway.api_keys (
  workspace_id integer not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint api_keys_pkey primary key (workspace_id, id),
  constraint api_keys_belong_to_a_workspace foreign key (workspace_id) references spillway.workspaces (id) on delete cascade,
  constraint api_key_hashes_are_unique unique (hash),
  constraint api_key_hash_is_sha256 check (octet_length(hash) = 32)
);
comment on table spillway.api_keys is 'who may call the API for a workspace';
comment on column spillway.api_keys.hash is 'SHA-256 of the key; the key itself (256 random bits) is shown once and never stored';

create table spillway.imports (
  workspace_id integer not null,
  id uuid not null,
  file_name text not null,
  object_key text not null,
  size_bytes bigint not null,
  sha256 bytea not null,
  idempotency_key text,
  format text,
  state spillway.import_state not null default 'queued',
  stage spillway.import_stage not null default 'queued',
  attempt integer not null default 0,
  checkpoint bytea,
  bytes_read bigint not null default 0,
  items bigint not null default 0,
  assets_new bigint not null default 0,
  assets_updated bigint not null default 0,
  findings_new bigint not null default 0,
  findings_updated bigint not null default 0,
  findings_reopened bigint not null default 0,
  findings_closed bigint not null default 0,
  occurrences_new bigint not null default 0,
  occurrences_updated bigint not null default 0,
  errors bigint not null default 0,
  error jsonb,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint imports_pkey primary key (workspace_id, id),
  constraint imports_belong_to_a_workspace foreign key (workspace_id) references spillway.workspaces (id),
  constraint idempotency_keys_are_used_once unique (workspace_id, idempotency_key),
  constraint file_name_is_short check (length(file_name) between 1 and 1024),
  constraint idempotency_key_is_short check (length(idempotency_key) between 1 and 255),
  constraint import_hash_is_sha256 check (octet_length(sha256) = 32),
  constraint checkpoint_is_small check (octet_length(checkpoint) <= 65536),
  constraint nothing_is_read_beyond_the_end check (bytes_read between 0 and size_bytes),
  constraint ended_imports_have_an_end check ((state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
  constraint failed_imports_say_why check ((state = 'failed') = (error is not null)),
  constraint ended_imports_are_done check ((state = 'completed') = (stage = 'done'))
) with (fillfactor = 70);
comment on table spillway.imports is 'one uploaded report and how far it is read';
comment on column spillway.imports.id is 'UUID version 7, made by the upload: imports are ordered by it, and the newer import wins where two saw the same';
comment on column spillway.imports.object_key is 'where the report lies in the object store';
comment on column spillway.imports.size_bytes is 'length of the stored report';
comment on column spillway.imports.format is 'the report format, once it is known';
comment on column spillway.imports.attempt is 'the number of the last claim';
comment on column spillway.imports.checkpoint is 'where the decoder goes on; null: at the start';
comment on column spillway.imports.bytes_read is 'how far the report is read and stored';
comment on column spillway.imports.items is 'records read and stored';
comment on column spillway.imports.errors is 'records that could not be stored; they lie in import_errors';
comment on column spillway.imports.error is 'why it failed: code, message and, where it is known, offset and line';
comment on column spillway.imports.version is 'grows with every change that a status shows: the ETag';

create table spillway.import_queue (
  workspace_id integer not null,
  import_id uuid not null,
  priority smallint not null default 100,
  available_at timestamptz not null default now(),
  claimed boolean not null default false,
  attempt integer not null default 0,
  failures smallint not null default 0,
  constraint import_queue_pkey primary key (import_id),
  constraint queued_imports_exist foreign key (workspace_id, import_id) references spillway.imports (workspace_id, id) on delete cascade
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index import_queue_claim on spillway.import_queue (priority, available_at, import_id);
create index import_queue_running on spillway.import_queue (workspace_id, available_at) where claimed;
comment on table spillway.import_queue is 'the imports that are still to be worked on: narrow and hot';
comment on column spillway.import_queue.priority is 'smaller is sooner';
comment on column spillway.import_queue.available_at is 'when it may be claimed: schedule, end of the wait after a failure, and end of the lease in one';
comment on column spillway.import_queue.claimed is 'a drain holds it until available_at';
comment on column spillway.import_queue.attempt is 'the fencing token: every write for the import must present it';
comment on column spillway.import_queue.failures is 'failed attempts since the last progress';

create table spillway.assets (
  workspace_id integer not null,
  id uuid not null,
  kind spillway.asset_kind not null,
  identity text not null,
  hostname text,
  attributes jsonb not null default '{}',
  first_import_id uuid not null,
  last_import_id uuid not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  constraint assets_pkey primary key (workspace_id, id),
  constraint asset_identity_is_short check (length(identity) between 1 and 1024)
) with (fillfactor = 85);
comment on table spillway.assets is 'what was scanned: a host, site, repository, image or cloud resource';
comment on column spillway.assets.id is 'hash of kind and identity';
comment on column spillway.assets.last_import_id is 'the newest import that saw it';

create table spillway.findings (
  workspace_id integer not null,
  id uuid not null,
  tool text not null,
  kind spillway.finding_kind not null,
  rule_id text not null,
  title text not null,
  severity spillway.severity not null,
  status spillway.finding_status not null default 'open',
  decided_at timestamptz,
  description text not null default '',
  solution text not null default '',
  vulnerability_ids text[] not null default '{}',
  cwes integer[] not null default '{}',
  cvss jsonb not null default '[]',
  reference_urls text[] not null default '{}',
  component jsonb,
  attributes jsonb not null default '{}',
  source_offset bigint not null,
  first_import_id uuid not null,
  last_import_id uuid not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  constraint findings_pkey primary key (workspace_id, id),
  constraint finding_title_is_short check (length(title) between 1 and 1024)
) with (fillfactor = 85);
create index findings_by_severity on spillway.findings (workspace_id, severity desc, id);
comment on table spillway.findings is 'what is wrong, once a workspace; where it was seen is in occurrences';
comment on column spillway.findings.id is 'the fingerprint: hash of tool, rule and what the kind of finding adds';
comment on column spillway.findings.decided_at is 'when a person set the status, which no import then overwrites; null: the status comes from the imports';
comment on column spillway.findings.cvss is 'scores as a list of version, vector, score, newest version first';
comment on column spillway.findings.source_offset is 'where the texts stand in the report of last_import_id: of several records of one finding the first counts';
comment on column spillway.findings.last_import_id is 'the newest import that saw it; its words are stored';

create table spillway.occurrences (
  workspace_id integer not null,
  id uuid not null,
  finding_id uuid not null,
  asset_id uuid not null,
  host text,
  port integer,
  protocol text,
  service text,
  url text,
  parameter text,
  path text,
  line bigint,
  evidence text not null default '',
  first_import_id uuid not null,
  last_import_id uuid not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  constraint occurrences_pkey primary key (workspace_id, id)
) with (fillfactor = 90);
create index occurrences_by_finding on spillway.occurrences (workspace_id, finding_id, id);
comment on table spillway.occurrences is
  'where a finding was seen. No foreign keys: only ingest_batch writes here, finding and asset in the same statement; checking each row again costs a third of the time';
comment on column spillway.occurrences.id is 'hash of finding, asset and location';

create table spillway.import_assets (
  workspace_id integer not null,
  import_id uuid not null,
  asset_id uuid not null,
  seen_as spillway.seen_as not null,
  constraint import_assets_pkey primary key (workspace_id, import_id, asset_id)
);
comment on table spillway.import_assets is 'the assets that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

create table spillway.import_findings (
  workspace_id integer not null,
  import_id uuid not null,
  finding_id uuid not null,
  seen_as spillway.seen_as not null,
  constraint import_findings_pkey primary key (workspace_id, import_id, finding_id)
);
comment on table spillway.import_findings is 'the findings that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

create table spillway.import_errors (
  workspace_id integer not null,
  import_id uuid not null,
  id bigint generated always as identity,
  kind text not null,
  code text not null,
  message text not null,
  source_offset bigint,
  source_line bigint,
  excerpt text not null default '',
  item jsonb,
  created_at timestamptz not null default now(),
  constraint import_errors_pkey primary key (workspace_id, import_id, id),
  constraint import_errors_are_noted_once unique nulls not distinct (workspace_id, import_id, kind, source_offset, code),
  constraint import_errors_belong_to_an_import foreign key (workspace_id, import_id) references spillway.imports (workspace_id, id) on delete cascade
);
comment on table spillway.import_errors is 'the records of a report that could not be used';
comment on column spillway.import_errors.kind is 'record: the report is wrong there; asset or occurrence: the database refused it';
comment on column spillway.import_errors.code is 'the parser''s problem code or the SQLSTATE';
comment on column spillway.import_errors.item is 'the record as a batch of its own, so that it can be stored once the cause is gone';

create table spillway.notifications (
  workspace_id integer not null,
  id uuid not null,
  kind spillway.notification_kind not null,
  import_id uuid not null,
  title text not null,
  message text not null,
  created_at timestamptz not null default now(),
  read_at timestamptz,
  constraint notifications_pkey primary key (workspace_id, id),
  constraint notifications_belong_to_an_import foreign key (workspace_id, import_id) references spillway.imports (workspace_id, id) on delete cascade
);
create index notifications_unread on spillway.notifications (workspace_id) where read_at is null;
comment on table spillway.notifications is 'what people of a workspace are told';
