-- A report may come packed, and an archive may hold several. They are unpacked on their way into the store, where they lie one after the other: each is
-- read by itself, as a segment from its own beginning to its own end.

alter table spillway.imports add column entries jsonb;
comment on column spillway.imports.entries is
  'of a packed upload the reports in it, the first hundred: name, size in bytes and, where it was told at once, format; null: the report came plain';

alter table spillway.import_segments
  add column entry_name text,
  add column entry_starts_at bigint not null default 0,
  add column entry_ends_at bigint,
  add column format text,
  add constraint segments_lie_in_their_entry check (entry_starts_at <= starts_at and ends_at <= entry_ends_at);
comment on column spillway.import_segments.entry_name is 'the report that it is of, as a packed upload named it; null: the upload is one plain report';
comment on column spillway.import_segments.entry_starts_at is 'offset of that report''s first byte: its decoder counts from there';
comment on column spillway.import_segments.entry_ends_at is 'offset behind that report''s last byte; null: the end of the upload';
comment on column spillway.import_segments.format is 'that report''s format, where it was told at the upload';
