-- An Idempotency-Key stands for one request: who sends it with another one has made a mistake, and is told so.
alter table spillway.imports add column request_sha256 bytea;
comment on column spillway.imports.request_sha256 is
  'SHA-256 of what was asked for with the Idempotency-Key beside the report (format, scope, close_missing, priority); null where none was sent';
