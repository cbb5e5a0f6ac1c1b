-- A workspace can be removed for good: its rows, its keys, and its reports in the store. What is left is the proof of it.

alter table spillway.workspaces add column removed_at timestamptz;
comment on column spillway.workspaces.removed_at is
  'since when it is being removed: its keys open nothing, and nothing of it is taken in, admitted or claimed any more; null: it is not';

create table spillway.removals (
  workspace_id integer not null,
  name text not null,
  removed_by text not null,
  begun_at timestamptz not null default now(),
  ended_at timestamptz,
  counts jsonb not null default '{}',
  constraint removals_pkey primary key (workspace_id)
);
alter table spillway.removals enable row level security;
comment on table spillway.removals is 'workspaces that were removed, or are being removed: the proof, which holds nothing of theirs but their names';
comment on column spillway.removals.removed_by is 'the user of the database who began it';
comment on column spillway.removals.ended_at is 'when the last row and the last report were gone; null: it can be gone on with';
comment on column spillway.removals.counts is 'what was removed: rows by table; and objects, the reports that lay in the store, with their bytes';

-- Imports were never deleted before: each looks for its notifications then.
create index notifications_by_import on spillway.notifications (workspace_id, import_id);
