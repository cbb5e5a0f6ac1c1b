-- Most imports bring either only what is not stored yet or mostly what is: what an import has met so far tells how its next batch is best stored.
alter table spillway.imports
  add column only_new_findings boolean not null default true,
  add column only_new_occurrences boolean not null default true;
comment on column spillway.imports.only_new_findings is
  'whether none of the findings that it has brought so far was stored before: then the next ones are inserted without a look whether they are there';
comment on column spillway.imports.only_new_occurrences is 'the same of its occurrences';

create type spillway.new_finding as (
  identity uuid, tool text, kind spillway.finding_kind, rule_id text, title text, severity spillway.severity, status spillway.finding_status,
  description text, solution text, vulnerability_ids text[], cwes integer[], cvss jsonb, "references" text[], component jsonb, attributes jsonb,
  "offset" bigint);
comment on type spillway.new_finding is 'a finding on its way in: identity is its id, offset where in the report the record stands that it was read from';
