-- What an import meant for each thing that it saw is decided in the row itself, by the statement that writes it: so imports that run at
-- once count exactly, and whatever order their batches arrive in, the same is stored.

alter type spillway.seen_as rename to seen_as_before;
create type spillway.seen_as as enum ('new', 'updated', 'reopened', 'unchanged');
comment on type spillway.seen_as is 'what an import meant for something that it saw: new; known, and changed by it; closed, and open again; known, and the same';
alter table spillway.import_assets alter column seen_as type spillway.seen_as using seen_as::text::spillway.seen_as;
alter table spillway.import_findings alter column seen_as type spillway.seen_as using seen_as::text::spillway.seen_as;
drop type spillway.seen_as_before;

alter table spillway.imports
  add column assets_unchanged bigint not null default 0,
  add column findings_unchanged bigint not null default 0,
  add column occurrences_unchanged bigint not null default 0;

alter table spillway.assets
  add column seen_as spillway.seen_as not null default 'new',
  add column hostname_import_id uuid,
  add column attribute_imports jsonb not null default '{}';
comment on column spillway.assets.seen_as is 'what last_import_id meant for it';
comment on column spillway.assets.hostname_import_id is 'the newest import that named it';
comment on column spillway.assets.attribute_imports is 'for each attribute the newest import that told it';

alter table spillway.findings add column seen_as spillway.seen_as not null default 'new';
comment on column spillway.findings.seen_as is 'what last_import_id meant for it';

alter table spillway.occurrences add column seen_as spillway.seen_as not null default 'new';
comment on column spillway.occurrences.seen_as is 'what last_import_id meant for it';
