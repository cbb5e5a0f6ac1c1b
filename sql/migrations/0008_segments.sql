-- A big report is cut into segments, each with its own place in the queue, so that several drains read it at the same time.

create table spillway.import_segments (
  workspace_id integer not null,
  import_id uuid not null,
  segment smallint not null,
  starts_at bigint not null default 0,
  ends_at bigint,
  bytes_read bigint not null default 0,
  checkpoint bytea,
  completed boolean not null default false,
  constraint import_segments_pkey primary key (workspace_id, import_id, segment),
  constraint segments_belong_to_an_import foreign key (workspace_id, import_id) references spillway.imports (workspace_id, id) on delete cascade,
  constraint segments_are_counted check (segment >= 0),
  constraint segments_are_not_empty check (starts_at >= 0 and ends_at > starts_at),
  constraint nothing_is_read_beyond_a_segment check (bytes_read >= starts_at and bytes_read <= ends_at),
  constraint checkpoint_is_small check (octet_length(checkpoint) <= 65536)
) with (fillfactor = 70);
comment on table spillway.import_segments is 'the parts of a report that are read by themselves, until its import is completed: most reports have one';
comment on column spillway.import_segments.starts_at is 'offset of its first byte';
comment on column spillway.import_segments.ends_at is 'offset behind its last byte, where the next one starts; null: the end of the report';
comment on column spillway.import_segments.bytes_read is 'offset up to which it is read and stored';
comment on column spillway.import_segments.checkpoint is 'where the decoder goes on; null: at the start';
comment on column spillway.import_segments.completed is 'read to its end';

insert into spillway.import_segments (workspace_id, import_id, segment, bytes_read, checkpoint)
select i.workspace_id, i.id, 0, i.bytes_read, i.checkpoint from spillway.imports i where i.state <> 'completed';
alter table spillway.imports drop column checkpoint;
comment on column spillway.imports.bytes_read is 'how much of the report is read and stored';
comment on column spillway.imports.attempt is 'how often it or a segment of it was claimed: the number of the last claim';

alter table spillway.import_queue
  add column segment smallint not null default 0,
  drop constraint import_queue_pkey,
  add constraint import_queue_pkey primary key (import_id, segment),
  add constraint queued_segments_exist foreign key (workspace_id, import_id, segment)
    references spillway.import_segments (workspace_id, import_id, segment) on delete cascade;
comment on table spillway.import_queue is 'the segments of imports that are still to be worked on: narrow and hot';
comment on column spillway.import_queue.attempt is 'the fencing token: every write for the segment must present it. No other segment of the import has the same';
comment on column spillway.import_queue.failures is 'failed attempts since the last progress of the segment';
drop index spillway.import_queue_claim, spillway.import_queue_waiting;
create index import_queue_claim on spillway.import_queue (turn_at, priority, import_id, segment, available_at) where admitted;
create index import_queue_waiting on spillway.import_queue (workspace_id, priority, import_id, segment) where not admitted;

-- In whatever order segments are read, the first record of a report counts.
alter table spillway.occurrences add column source_offset bigint not null default 0;
comment on column spillway.occurrences.source_offset is 'where in the report of last_import_id it stands';

-- A page has room for a second version of each of its rows, so that an import that sees them again only touches them: no index is written, and
-- what is no longer needed is cleared page by page. Measured (100,000 occurrences again, PostgreSQL 15): 2.5 s and 16 MB of log instead of
-- 5.2 s and 76 MB; the table is as large as it would be after the second import anyway.
alter table spillway.assets set (fillfactor = 50);
alter table spillway.findings set (fillfactor = 50);
alter table spillway.occurrences set (fillfactor = 50);
alter table spillway.finding_scopes set (fillfactor = 50);
-- Rows of a table of a hundred million are not to wait until a fifth of it is dead.
alter table spillway.findings set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
alter table spillway.occurrences set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
-- Changed with each batch, and gone when the import is completed.
alter table spillway.import_segments set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
