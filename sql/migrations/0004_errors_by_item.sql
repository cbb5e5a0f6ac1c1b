-- Errors are told apart by the item that they are about, summed up for the status, and can be tried again one by one.

alter table spillway.import_errors
  add column item_id text,
  add column tries smallint not null default 1,
  drop constraint import_errors_are_noted_once,
  add constraint import_errors_are_noted_once unique nulls not distinct (workspace_id, import_id, kind, source_offset, code, item_id);
comment on column spillway.import_errors.item_id is 'the id of the occurrence or asset that the database refused';
comment on column spillway.import_errors.tries is 'how often it was tried to store the item';

alter table spillway.imports
  add column error_counts jsonb not null default '{}',
  add constraint errors_are_counted check (errors >= 0);
comment on column spillway.imports.error_counts is 'errors by code';
comment on column spillway.imports.errors is 'records that could not be stored; the first max_kept_errors() of them lie in import_errors';
