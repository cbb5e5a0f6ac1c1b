-- Names that would be in the way of others, and what a dataset's name cannot be.

alter table spillway.dataset_columns drop constraint names_are_not_those_of_the_system;
alter table spillway.dataset_columns add constraint names_are_not_those_of_the_system
  check (name not in ('_run', '_segment', '_offset', '_rescued', '_updates', '_at', 'tableoid', 'ctid', 'xmin', 'xmax', 'cmin', 'cmax')) not valid;
-- The API has something else at this path.
alter table spillway.datasets add constraint datasets_are_not_named_as_paths check (name <> 'preview') not valid;
