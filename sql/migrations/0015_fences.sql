-- A number that changes with every write of a drain: where the database has lost some of them (a failover to a copy that had not everything yet), the
-- next one does not fit, and the segment is read again from what is stored. The number of the attempt alone let it go on with a gap.
alter table spillway.import_queue add column fence bigint not null default 0;
comment on column spillway.import_queue.fence is
  'what the next write of the attempt has to present: a random number at the claim, and one more after each write';
