-- What a person decides of many findings at once, and what was before, so that it can be undone.

create table spillway.decisions (
  workspace_id integer not null constraint decisions_belong_to_a_workspace references spillway.workspaces,
  id uuid not null,
  actor text not null,
  status spillway.finding_status not null,
  reason text,
  ends_at timestamptz,
  findings bigint not null default 0,
  undone bigint not null default 0,
  decided_at timestamptz not null default now(),
  constraint decisions_are_found_by_id primary key (workspace_id, id)
);
comment on table spillway.decisions is 'What was decided of many findings at once';
comment on column spillway.decisions.actor is 'who: see events.actor';
comment on column spillway.decisions.findings is 'of how many';
comment on column spillway.decisions.undone is 'and of how many it was taken back';

create table spillway.decision_findings (
  workspace_id integer not null,
  decision_id uuid not null,
  finding_id uuid not null,
  decided_at timestamptz,
  previous_status spillway.finding_status not null,
  previous_decided_at timestamptz,
  previous_closed_import_id uuid,
  previous_actor text,
  previous_reason text,
  previous_ends_at timestamptz,
  constraint decided_findings_are_of_a_decision primary key (workspace_id, decision_id, finding_id),
  constraint decided_findings_belong_to_their_decision foreign key (workspace_id, decision_id) references spillway.decisions on delete cascade
);
comment on table spillway.decision_findings is 'The findings that a decision was of, as they were before it, as long as it can be undone';
comment on column spillway.decision_findings.decided_at is 'the finding''s decided_at since then: with another, somebody or something has changed it after that';

create index decisions_by_age on spillway.decisions (decided_at);
alter table spillway.decisions enable row level security;
alter table spillway.decision_findings enable row level security;
