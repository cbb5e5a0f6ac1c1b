-- What a workspace may take is said by its plan, or by itself where it differs; what it takes is counted in its row, in the statements that take it.

create table spillway.plans (
  name text primary key,
  max_import_bytes bigint not null default 5368709120,
  max_stored_bytes bigint not null default 1099511627776,
  max_active_imports integer not null default 20000,
  max_running_imports smallint not null default 4,
  max_open_uploads integer not null default 256,
  max_findings bigint not null default 20000000,
  requests_per_minute integer not null default 6000,
  request_burst integer not null default 1000,
  constraint plan_name_is_short check (length(name) between 1 and 200),
  constraint plan_limits_are_positive check (
    max_import_bytes > 0 and max_stored_bytes >= 0 and max_active_imports >= 0 and max_running_imports > 0 and max_open_uploads >= 0
    and max_findings >= 0 and requests_per_minute > 0),
  -- A sampled read is charged for sixteen at once.
  constraint plan_bursts_have_room_for_a_sample check (request_burst >= 16)
);
alter table spillway.plans enable row level security;
comment on table spillway.plans is 'limits of many workspaces, by name';
comment on column spillway.plans.max_import_bytes is 'the largest report, in bytes after Content-Encoding is undone';
comment on column spillway.plans.max_stored_bytes is 'bytes of reports in the store, with those that are being uploaded';
comment on column spillway.plans.max_active_imports is 'imports that are queued or running';
comment on column spillway.plans.max_running_imports is 'imports that are worked on at a time; the others wait';
comment on column spillway.plans.max_open_uploads is 'uploads at a time';
comment on column spillway.plans.max_findings is 'findings from which on no further report is taken';
comment on column spillway.plans.requests_per_minute is 'requests of each key, in the long run';
comment on column spillway.plans.request_burst is 'requests of each key at once, before that rate holds';
insert into spillway.plans (name) values ('standard');

alter table spillway.workspaces
  alter column max_import_bytes drop not null,
  alter column max_import_bytes drop default,
  alter column max_running_imports drop not null,
  alter column max_running_imports drop default,
  drop constraint workspace_limits_are_positive,
  add column plan text not null default 'standard' constraint workspaces_have_a_plan references spillway.plans (name),
  add column max_stored_bytes bigint,
  add column max_active_imports integer,
  add column max_open_uploads integer,
  add column max_findings bigint,
  add column requests_per_minute integer,
  add column request_burst integer,
  add column stored_bytes bigint not null default 0,
  add column active_imports integer not null default 0,
  add column findings bigint not null default 0,
  add constraint workspace_limits_are_positive check (
    max_import_bytes > 0 and max_stored_bytes >= 0 and max_active_imports >= 0 and max_running_imports > 0 and max_open_uploads >= 0
    and max_findings >= 0 and requests_per_minute > 0 and request_burst >= 16),
  add constraint workspace_usage_is_counted check (stored_bytes >= 0 and active_imports >= 0 and findings >= 0);
comment on column spillway.workspaces.plan is 'whose limits hold where the workspace has none of its own';
comment on column spillway.workspaces.max_import_bytes is 'instead of the plan''s; null: the plan''s. So are the other limits';
comment on column spillway.workspaces.max_running_imports is null;
comment on column spillway.workspaces.stored_bytes is 'bytes of its reports in the store; what is being uploaded is reserved in uploads';
comment on column spillway.workspaces.active_imports is 'its imports that are queued or running';
comment on column spillway.workspaces.findings is 'its findings, as of the last import that ended';
-- Of many versions a second, as many as have room stay in their page.
alter table spillway.workspaces set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

update spillway.workspaces set max_import_bytes = nullif(max_import_bytes, 5368709120), max_running_imports = nullif(max_running_imports, 4);
update spillway.workspaces w set stored_bytes = coalesce(i.stored, 0), active_imports = coalesce(i.active, 0)
from (
  select workspace_id, sum(size_bytes) filter (where report_removed_at is null) as stored, count(*) filter (where active) as active
  from spillway.imports group by workspace_id
) as i
where w.id = i.workspace_id;
update spillway.workspaces w set findings = f.n
from (select workspace_id, count(*) as n from spillway.findings group by workspace_id) as f
where w.id = f.workspace_id;
-- Nobody is over a quota by an update of the app.
update spillway.workspaces w
set max_stored_bytes = case when w.stored_bytes > p.max_stored_bytes / 2 then w.stored_bytes * 2 end,
  max_findings = case when w.findings > p.max_findings / 2 then w.findings * 2 end,
  max_active_imports = case when w.active_imports > p.max_active_imports / 2 then w.active_imports * 2 end
from spillway.plans p where p.name = w.plan;

alter table spillway.imports add column findings_counted bigint not null default 0;
comment on column spillway.imports.findings_counted is 'how many of findings_new are in workspaces.findings';
update spillway.imports set findings_counted = findings_new where findings_new > 0;

-- What is removed after the report.
create index imports_without_reports on spillway.imports (finished_at) where report_removed_at is not null;

alter table spillway.uploads
  add column seen_at timestamptz not null default now(),
  add column reserved_bytes bigint not null default 0;
comment on column spillway.uploads.seen_at is 'the last sign of life: without one for upload_lease() it is given up';
comment on column spillway.uploads.reserved_bytes is 'of its workspace''s max_stored_bytes, until it is an import; 0 where nothing is stored';
update spillway.uploads set seen_at = started_at;
drop index spillway.uploads_by_start;
create index uploads_by_sign_of_life on spillway.uploads (seen_at);

-- Not logged: after a crash of the server everybody begins with a whole burst.
create unlogged table spillway.key_rates (
  workspace_id integer not null,
  key_id uuid not null,
  full_at timestamptz not null,
  open_at timestamptz not null,
  primary key (workspace_id, key_id),
  constraint rates_belong_to_a_key foreign key (workspace_id, key_id) references spillway.api_keys (workspace_id, id) on delete cascade
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table spillway.key_rates enable row level security;
comment on table spillway.key_rates is 'how much of its requests each key has used up (GCRA: ITU-T I.371, annex A)';
comment on column spillway.key_rates.full_at is 'when it may have a whole burst again: each request moves that by a minute / requests_per_minute';
comment on column spillway.key_rates.open_at is 'when its next request is taken';

create type spillway.open_uploads as (uploads integer, reserved_bytes bigint);
comment on type spillway.open_uploads is 'the uploads of a workspace that are under way, and the bytes that are reserved for them';
