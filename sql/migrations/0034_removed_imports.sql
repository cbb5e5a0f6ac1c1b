-- What an import changed of what others had stored, so that it can be taken back as if it had not been.

create table spillway.earlier_states (
  workspace_id integer not null,
  object_id uuid not null,
  import_id uuid not null,
  previous_import_id uuid not null,
  previous_seen_as spillway.seen_as not null,
  previous_seen_at timestamptz not null,
  previous_offset bigint,
  previous_status spillway.finding_status,
  words jsonb,
  told jsonb,
  constraint earlier_states_are_found_by_object primary key (workspace_id, object_id, import_id)
);
comment on table spillway.earlier_states is 'Assets, findings and occurrences that an import saw again, as they were before it: each row leads to the import that saw the object before. No foreign keys: only triggers write here, in the statement that stores';
comment on column spillway.earlier_states.object_id is 'of an asset, a finding or an occurrence: hashes, of which no two are the same';
comment on column spillway.earlier_states.import_id is 'which saw it again';
comment on column spillway.earlier_states.previous_import_id is 'last_import_id before that; the next four are of the same moment';
comment on column spillway.earlier_states.previous_offset is 'source_offset; null: of an asset';
comment on column spillway.earlier_states.previous_status is 'status; null: of no finding';
comment on column spillway.earlier_states.words is 'what the object said before; null: the same as after';
comment on column spillway.earlier_states.told is 'what the import said of it first, by which it is updated or unchanged; null: what it says at last';

create table spillway.removed_imports (
  workspace_id integer not null constraint removed_imports_belong_to_a_workspace references spillway.workspaces,
  id uuid not null,
  scope text,
  closes boolean not null,
  tools text[] not null,
  started_at timestamptz,
  weighs_closings boolean not null,
  closing_stopped_at timestamptz not null,
  removed_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  finding_id uuid,
  occurrence_id uuid,
  findings bigint not null default 0,
  constraint removed_imports_are_found_by_id primary key (workspace_id, id)
);
comment on table spillway.removed_imports is 'Imports that a person removed: their own row is gone, what they stored is taken back in steps';
comment on column spillway.removed_imports.scope is 'imports.scope';
comment on column spillway.removed_imports.closes is 'it has closed what its scope no longer shows; with tools and started_at as in imports';
comment on column spillway.removed_imports.weighs_closings is 'something may have been closed, or kept open, because of it';
comment on column spillway.removed_imports.closing_stopped_at is 'since when nothing is closed in the workspace: when the first of the removals began that were under way at once';
comment on column spillway.removed_imports.ended_at is 'when all was taken back; null: not yet';
comment on column spillway.removed_imports.finding_id is 'whose occurrences are being taken back; null: the next finding''s';
comment on column spillway.removed_imports.occurrence_id is 'up to which one';
comment on column spillway.removed_imports.findings is 'how many findings were taken back so far';

-- Rows lie in the order of their imports: an index of blocks costs nothing, and finds the old ones.
create index earlier_states_by_import on spillway.earlier_states using brin (import_id);
create table spillway.closed_scopes (
  workspace_id integer not null,
  import_id uuid not null,
  finding_id uuid not null,
  constraint closed_scopes_are_found_by_import primary key (workspace_id, import_id, finding_id)
);
comment on table spillway.closed_scopes is 'The findings that were no longer shown in the scope of an import that closes what is missing, also those that stayed open since another scope shows them';

alter table spillway.imports add column traced boolean not null default false;
alter table spillway.imports alter column traced set default true;
comment on column spillway.imports.traced is 'what it changes is kept in earlier_states and closed_scopes; not so of imports of before there were these';

alter table spillway.closed_scopes enable row level security;
create index removals_under_way on spillway.removed_imports (removed_at) where ended_at is null;
create index removed_imports_by_end on spillway.removed_imports (ended_at) where ended_at is not null;
alter table spillway.earlier_states enable row level security;
alter table spillway.removed_imports enable row level security;
