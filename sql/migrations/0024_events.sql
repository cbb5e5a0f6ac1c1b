-- Who did what: written in the statement that does it. And what a person has decided of a finding: why, and until when.

create table spillway.events (
  workspace_id integer not null constraint events_belong_to_a_workspace references spillway.workspaces (id),
  id uuid not null,
  happened_at timestamptz not null default clock_timestamp(),
  actor text not null,
  key_id uuid,
  action text not null,
  object_id text,
  before jsonb,
  after jsonb,
  reason text,
  primary key (workspace_id, id),
  constraint event_action_is_a_name check (action ~ '^[a-z_]+\.[a-z_]+$' and length(action) <= 100)
);
alter table spillway.events enable row level security;
comment on table spillway.events is 'what people and programs did in a workspace: never changed, and kept for event_retention()';
comment on column spillway.events.id is 'UUID version 7: events are ordered by it';
comment on column spillway.events.actor is 'the name of the API key, or of the role of the database where there was none: spillway_drain for what happens by itself';
comment on column spillway.events.key_id is 'the API key; null: an operator, or nobody';
comment on column spillway.events.action is 'the kind of thing and what was done to it: finding.decided';
comment on column spillway.events.object_id is 'to which one';
comment on column spillway.events.before is 'what was changed, as it was';
comment on column spillway.events.after is 'and as it became';
comment on column spillway.events.reason is 'in the words of whoever did it';
create index events_by_object on spillway.events (workspace_id, object_id, id);
create index events_by_action on spillway.events (workspace_id, action, id);
create index events_by_age on spillway.events (happened_at);

create table spillway.finding_decisions (
  workspace_id integer not null,
  finding_id uuid not null,
  decided_at timestamptz not null,
  actor text not null,
  reason text,
  ends_at timestamptz,
  primary key (workspace_id, finding_id),
  constraint decisions_are_of_a_finding foreign key (workspace_id, finding_id) references spillway.findings (workspace_id, id) on delete cascade,
  constraint decision_reason_is_short check (length(reason) between 1 and 2000)
);
alter table spillway.finding_decisions enable row level security;
comment on table spillway.finding_decisions is 'why a person set the status that a finding has; it holds as long as decided_at is that of the finding';
comment on column spillway.finding_decisions.actor is 'who: see events.actor';
comment on column spillway.finding_decisions.reason is 'in their own words';
comment on column spillway.finding_decisions.ends_at is 'until when the risk is accepted: then the finding is open again; null: until somebody decides otherwise';
create index decisions_that_end on spillway.finding_decisions (ends_at) where ends_at is not null;
