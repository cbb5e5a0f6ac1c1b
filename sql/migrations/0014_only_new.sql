-- Most imports bring either nothing that is stored already or mostly such: what an import has met so far tells how its next batch is best stored.
alter table spillway.imports add column only_new boolean not null default true;
comment on column spillway.imports.only_new is
  'whether none of the occurrences that it has brought so far was stored before: then the next ones are inserted without a look whether they are there';

drop function if exists spillway.ingest_isolating(integer, uuid, jsonb, spillway.occurrence_columns, boolean);
drop function if exists spillway.ingest_records(integer, uuid, jsonb, spillway.occurrence_columns);
drop function if exists spillway.batch_insert_occurrences(integer, uuid, spillway.occurrence_columns);
