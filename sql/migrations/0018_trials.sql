-- That most of an import cannot be used is found out by a batch, which holds findings and its import's row by then. To end the import takes all of its
-- places in the queue, which come before these: so it is noted here, and ended by a statement of its own.
alter table spillway.imports add column trial_failed boolean not null default false;
comment on column spillway.imports.trial_failed is
  'more than half of its first trial_records() cannot be used: whoever works on it ends it. A person may have it tried again all the same';
