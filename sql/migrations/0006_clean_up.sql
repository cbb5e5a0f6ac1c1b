-- What nobody needs any more is removed by the drain: reports whose import ended long ago, uploads that broke off, old notifications.

create table spillway.uploads (
  workspace_id integer not null,
  id uuid not null,
  object_key text not null,
  parts_id text,
  started_at timestamptz not null default now(),
  abandoned_at timestamptz,
  constraint uploads_pkey primary key (workspace_id, id),
  constraint uploads_belong_to_a_workspace foreign key (workspace_id) references spillway.workspaces (id) on delete cascade
);
create index uploads_by_start on spillway.uploads (started_at);
comment on table spillway.uploads is 'reports that are being uploaded: written before the first byte is stored, gone when the import is there. What stays here for too long broke off';
comment on column spillway.uploads.id is 'the id of the import that it will be';
comment on column spillway.uploads.parts_id is 'the store''s id of an upload in parts';
comment on column spillway.uploads.abandoned_at is 'when it was given up; no import can come of it any more';

alter table spillway.imports add column report_removed_at timestamptz;
create index imports_with_reports on spillway.imports (finished_at) where finished_at is not null and report_removed_at is null;
comment on column spillway.imports.report_removed_at is 'when the report was removed from the store, some days after the import ended';

create index notifications_by_age on spillway.notifications (created_at);
