-- What a newer report of the same scope no longer shows is closed, and what a person decides stays.

alter table spillway.imports
  add column scope text,
  add column close_missing boolean not null default false,
  add column tools text[] not null default '{}',
  add constraint scope_is_short check (length(scope) between 1 and 255),
  add constraint closing_needs_a_scope check (scope is not null or not close_missing),
  add constraint tools_are_few check (cardinality(tools) <= 1000);
create index imports_that_close on spillway.imports (workspace_id, scope, id) where close_missing;
comment on column spillway.imports.scope is 'what the report covers, in the uploader''s words: a repository and branch, a network. Reports of one scope follow each other';
comment on column spillway.imports.close_missing is 'findings of the same scope and tools that this import no longer sees are closed when it completes';
comment on column spillway.imports.tools is 'the scanners whose results the report holds, also where there are none';

alter table spillway.findings add column closed_import_id uuid;
comment on column spillway.findings.closed_import_id is 'the import that closed it by not seeing it';
comment on column spillway.findings.decided_at is
  'when a person set the status. false_positive and accepted_risk then stay; closed stays until an import that was uploaded later sees it. null: the status comes from the imports';

create table spillway.finding_scopes (
  workspace_id integer not null,
  scope text not null,
  finding_id uuid not null,
  last_import_id uuid not null,
  constraint finding_scopes_pkey primary key (workspace_id, scope, finding_id)
) with (fillfactor = 85);
create index finding_scopes_by_finding on spillway.finding_scopes (workspace_id, finding_id);
comment on table spillway.finding_scopes is 'the scopes in which a finding is seen at present; one that is seen in none any more is closed';
comment on column spillway.finding_scopes.last_import_id is 'the newest import of the scope that saw it';

alter type spillway.notification_kind rename to notification_kind_before;
create type spillway.notification_kind as enum ('completed', 'warning', 'failed', 'closed');
comment on type spillway.notification_kind is 'completed; completed with errors; failed; findings closed';
alter table spillway.notifications alter column kind type spillway.notification_kind using kind::text::spillway.notification_kind;
drop type spillway.notification_kind_before;
