-- Work of several kinds in one queue. What a kind stores is its own; how a unit of it opens and closes is the same for all.

create type spillway.import_kind as enum ('report');
comment on type spillway.import_kind is 'what an import brings: report, a report of a security scanner';
alter table spillway.imports add column kind spillway.import_kind not null default 'report';
comment on column spillway.imports.kind is 'what it brings, and so who reads and stores it';

create type spillway.unit as (
  workspace_id integer,
  import_id uuid,
  attempt integer,
  segment smallint,
  checkpoint bytea,
  bytes_read bigint,
  ends_at bigint,
  format text,
  entry_name text,
  entry_starts_at bigint,
  keeps_errors boolean
);
comment on type spillway.unit is
  'a unit of work that is open: the segment that it is of as it was before, where it ends, and keeps_errors: whether the import has room for more errors';
