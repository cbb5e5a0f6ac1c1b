-- Tables: datasets, each a typed table of its own in a schema of its own, and the imports that bring rows to them.

alter type spillway.import_kind add value 'table';
comment on type spillway.import_kind is 'what an import brings: report, a report of a security scanner; table, rows of a dataset';

create schema spillway_data;
comment on schema spillway_data is 'The rows of datasets, a table each generation, and the functions that put rows into them. All of it is made by functions of the schema spillway';

create type spillway.write_mode as enum ('append', 'merge', 'replace');
comment on type spillway.write_mode is 'what becomes of rows: append adds them; merge writes them in the place of those with the same key; replace puts all rows of an import in the place of all that were there, at its end';

create table spillway.datasets (
  workspace_id integer not null constraint datasets_belong_to_a_workspace references spillway.workspaces,
  id integer not null generated always as identity,
  name text not null,
  description text not null default '',
  write_mode spillway.write_mode not null default 'append',
  key text[] not null default '{}',
  partition_by text,
  partition_column text,
  partitions smallint,
  indexes jsonb not null default '[]',
  schema_version integer not null default 1,
  generation integer not null default 1,
  last_run integer not null default 0,
  rows bigint not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint datasets_are_found_by_number primary key (workspace_id, id),
  constraint datasets_have_a_name_of_their_own unique (workspace_id, name),
  constraint numbers_of_datasets_are_used_once unique (id),
  constraint dataset_names_are_short_words check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint descriptions_are_short check (length(description) <= 2000),
  constraint what_is_merged_has_a_key check (write_mode <> 'merge' or cardinality(key) > 0),
  constraint what_is_appended_has_no_key check (write_mode <> 'append' or cardinality(key) = 0),
  constraint keys_are_short check (cardinality(key) <= 16),
  constraint partitions_are_by_month_arrival_or_hash check (partition_by in ('month', 'arrival', 'hash')),
  constraint months_are_those_of_a_column check ((partition_by is not distinct from 'month') = (partition_column is not null)),
  constraint hashes_have_a_number_of_partitions check ((partition_by is not distinct from 'hash') = (partitions is not null) and partitions between 2 and 64),
  constraint what_is_merged_is_not_in_months check (cardinality(key) = 0 or partition_by is null or partition_by = 'hash'),
  constraint hashes_are_of_a_key check (partition_by is distinct from 'hash' or cardinality(key) > 0)
);
comment on table spillway.datasets is 'Tables of a workspace. The rows of one lie in spillway_data, in the table spillway.data_table(id, generation)';
comment on column spillway.datasets.id is 'part of the names of what is made for it: of its own in the whole database';
comment on column spillway.datasets.name is 'by which callers know it';
comment on column spillway.datasets.key is 'columns that tell rows apart: of rows with the same, the last of the last import stays';
comment on column spillway.datasets.partition_by is 'month: of partition_column; arrival: the month in which rows came; hash: of the key, in so many partitions; null: one table';
comment on column spillway.datasets.indexes is 'as asked for: [{"columns": […], "kind": "btree" or "brin"}]';
comment on column spillway.datasets.schema_version is 'counts on with every column that is added: rows are put by a function of their version';
comment on column spillway.datasets.generation is 'whose table is read. An import that replaces fills another, which takes its place at the end';
comment on column spillway.datasets.last_run is 'the number of the last import that was made for it';
comment on column spillway.datasets.rows is 'how many it has, counted when imports end, also those that fail or are cancelled, whose rows stay unless they were to replace others';
comment on column spillway.datasets.version is 'counts on with every change that a reader can see';

create table spillway.dataset_columns (
  workspace_id integer not null,
  dataset_id integer not null,
  ordinal smallint not null,
  name text not null,
  type text not null,
  required boolean not null default false,
  schema_version integer not null default 1,
  constraint dataset_columns_are_in_order primary key (workspace_id, dataset_id, ordinal),
  constraint dataset_columns_are_of_a_dataset foreign key (workspace_id, dataset_id) references spillway.datasets on delete cascade,
  constraint dataset_columns_have_a_name_of_their_own unique (workspace_id, dataset_id, name),
  constraint names_fit_the_database check (octet_length(name) between 1 and 63),
  constraint names_are_not_those_of_the_system check (name not in ('_run', '_segment', '_offset', '_rescued', '_updates', '_at')),
  constraint types_are_known check (type in (
    'boolean', 'bigint', 'numeric', 'float8', 'text', 'date', 'timestamp', 'timestamptz', 'time', 'uuid', 'jsonb', 'bytea'))
);
comment on table spillway.dataset_columns is 'Columns of datasets, in their order. None is ever removed';
comment on column spillway.dataset_columns.required is 'a row without a value for it is rejected';
comment on column spillway.dataset_columns.schema_version is 'since when it is there';

create table spillway.mappings (
  workspace_id integer not null,
  dataset_id integer not null,
  number integer not null,
  document jsonb not null,
  created_at timestamptz not null default now(),
  constraint mappings_are_counted primary key (workspace_id, dataset_id, number),
  constraint mappings_are_of_a_dataset foreign key (workspace_id, dataset_id) references spillway.datasets on delete cascade,
  constraint mappings_are_small check (octet_length(document::text) <= 524288)
);
comment on table spillway.mappings is 'Rules by which files become rows of a dataset; none is ever changed, an import keeps the one that it began with';
comment on column spillway.mappings.document is 'as /api/v1/schemas/mapping/1 says';

create table spillway.runs (
  workspace_id integer not null,
  import_id uuid not null,
  dataset_id integer not null,
  run integer not null,
  mapping_number integer,
  generation integer not null,
  rows_read bigint not null default 0,
  rows_stored bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_filtered bigint not null default 0,
  rows_rejected bigint not null default 0,
  values_rescued bigint not null default 0,
  rows_counted bigint not null default 0,
  unknown_columns text[] not null default '{}',
  constraint runs_are_imports primary key (workspace_id, import_id),
  constraint runs_belong_to_an_import foreign key (workspace_id, import_id) references spillway.imports on delete cascade,
  constraint runs_are_of_a_dataset foreign key (workspace_id, dataset_id) references spillway.datasets on delete cascade,
  constraint runs_are_counted unique (workspace_id, dataset_id, run),
  constraint the_books_balance check (rows_read = rows_stored + rows_updated + rows_unchanged + rows_filtered + rows_rejected)
);
comment on table spillway.runs is 'Imports of tables: to which dataset, by which mapping, and what became of the rows';
comment on column spillway.runs.run is 'number of the import among those of its dataset: the column _run of its rows';
comment on column spillway.runs.mapping_number is 'null: each column from the column of the same name';
comment on column spillway.runs.generation is 'the table of the dataset that it fills';
comment on column spillway.runs.rows_unchanged is 'rows that were there already as they came, and rows that another of the same file and key took the place of';
comment on column spillway.runs.unknown_columns is 'fields of the file that the dataset lacks and its mapping wants to be added, which is done at the end';
comment on column spillway.runs.rows_counted is 'how many of rows_stored the dataset has counted: it counts them when the import ends';
comment on column spillway.runs.values_rescued is 'values that did not fit their column, or had none, and are kept in _rescued';

create table spillway.partitions (
  workspace_id integer not null,
  dataset_id integer not null,
  generation integer not null,
  starts_on date not null,
  constraint partitions_are_months primary key (workspace_id, dataset_id, generation, starts_on),
  constraint partitions_are_of_a_dataset foreign key (workspace_id, dataset_id) references spillway.datasets on delete cascade
);
comment on table spillway.partitions is 'Months of datasets for which there is a partition';

create table spillway.tails (
  workspace_id integer not null,
  dataset_id integer not null,
  document text not null,
  version bigint not null,
  constraint tails_are_of_a_dataset_each primary key (workspace_id, dataset_id),
  constraint tails_belong_to_a_dataset foreign key (workspace_id, dataset_id) references spillway.datasets on delete cascade
);
comment on table spillway.tails is 'The last rows of each dataset as one document, written at the end of each import';
comment on column spillway.tails.version is 'the version of the dataset when it was written';

alter table spillway.import_errors add column column_name text;
comment on column spillway.import_errors.column_name is 'the column of the dataset that has to do with it';

alter table spillway.datasets enable row level security;
alter table spillway.dataset_columns enable row level security;
alter table spillway.mappings enable row level security;
alter table spillway.runs enable row level security;
alter table spillway.partitions enable row level security;
alter table spillway.tails enable row level security;
