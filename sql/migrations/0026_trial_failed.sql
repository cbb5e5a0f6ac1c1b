-- It means that too many records were refused, too.
comment on column spillway.imports.trial_failed is
  'more than half of its first trial_records() cannot be used, or the database refused more than max_refused_records() of it: whoever works on it ends it. A person may have it tried again all the same';
