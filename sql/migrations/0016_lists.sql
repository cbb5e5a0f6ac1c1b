-- Lists whose pages cost the same wherever they begin, whatever they are filtered by: each walks one index from its place on. What a place is made of
-- runs in one direction, so that it is compared as a row, and the index is walked backwards.

drop index spillway.findings_by_severity;
-- One index for all lists of a workspace's findings: where no status is asked for, the pages of the four are merged.
create index findings_by_status on spillway.findings (workspace_id, status, severity, id);

alter table spillway.import_findings add column severity spillway.severity, add column source_offset bigint;
update spillway.import_findings s set severity = f.severity, source_offset = f.source_offset
from spillway.findings f where f.workspace_id = s.workspace_id and f.id = s.finding_id;
-- A finding always stands before what saw it; one that is gone all the same must not stop the migration.
update spillway.import_findings set severity = 'info', source_offset = 0 where severity is null;
alter table spillway.import_findings alter column severity set not null, alter column source_offset set not null;
create index import_findings_by_severity on spillway.import_findings (workspace_id, import_id, severity, finding_id);
comment on column spillway.import_findings.severity is 'how bad the import''s report says it is: what the import''s own list is ordered by, whatever newer imports say';
comment on column spillway.import_findings.source_offset is 'where in the report: of several records of one finding the first says how bad it is';

create type spillway.page as (items text, next text);
comment on type spillway.page is 'a page of a list: its items as a JSON array, and the place after which the next page begins; null where there is none';

drop function if exists spillway.list_findings(integer, spillway.severity, uuid, integer, spillway.severity, spillway.finding_status, uuid);
drop function if exists spillway.list_assets(integer, uuid, integer);
drop function if exists spillway.list_occurrences(integer, uuid, uuid, integer);
drop function if exists spillway.list_imports(integer, uuid, integer, spillway.import_state);
drop function if exists spillway.list_import_errors(integer, uuid, bigint, integer);
drop function if exists spillway.list_notifications(integer, uuid, integer);
