-- Findings are found by what they are: tool, rule, identifiers, component and words. Not a column and an index of the findings: one index more made storing a
-- finding a tenth slower, the words of all twice as slow, so this is done when an import has ended.

create table spillway.finding_terms (
  workspace_id integer not null,
  finding_id uuid not null,
  severity spillway.severity not null,
  terms text[] not null,
  primary key (workspace_id, finding_id),
  constraint terms_are_of_a_finding foreign key (workspace_id, finding_id) references spillway.findings (workspace_id, id) on delete cascade
);
-- What is yet to be put into its place is a list that everybody reads who looks for something: a short one costs them 1 ms, and storing two thirds.
create index findings_by_term on spillway.finding_terms using gin (terms) with (fastupdate = on, gin_pending_list_limit = 256);
alter table spillway.finding_terms enable row level security;
comment on table spillway.finding_terms is 'what findings are looked for by';
comment on column spillway.finding_terms.severity is 'the finding''s, so that only those of a page are looked up';
comment on column spillway.finding_terms.terms is 'the words by which an index leads to it: see terms_of';

create table spillway.unindexed_imports (
  workspace_id integer not null,
  import_id uuid not null,
  ended_at timestamptz,
  after_id uuid,
  primary key (workspace_id, import_id),
  constraint unindexed_are_imports foreign key (workspace_id, import_id) references spillway.imports (workspace_id, id) on delete cascade
);
create index unindexed_imports_that_ended on spillway.unindexed_imports (ended_at) where ended_at is not null;
alter table spillway.unindexed_imports enable row level security;
comment on table spillway.unindexed_imports is 'imports of which findings are not in finding_terms yet';
comment on column spillway.unindexed_imports.ended_at is 'since when it waits for index_findings; null: it still stores findings';
comment on column spillway.unindexed_imports.after_id is 'its findings up to this one are there';

-- What was stored before.
insert into spillway.unindexed_imports (workspace_id, import_id, ended_at)
select i.workspace_id, i.id, case when not i.active then now() end from spillway.imports i
where i.kind = 'report' and i.findings_new + i.findings_updated + i.findings_reopened > 0;

drop function if exists spillway.list_findings(integer, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status);
drop function if exists spillway.list_import_findings(integer, uuid, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status);
drop function if exists spillway.findings_walk(integer, uuid, spillway.severity, spillway.finding_status, spillway.severity, uuid, bigint);

-- What was decided of one finding.
create index decision_findings_by_finding on spillway.decision_findings (workspace_id, finding_id, decision_id);
