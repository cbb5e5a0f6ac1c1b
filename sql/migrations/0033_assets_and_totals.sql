-- Assets are found by the words of what they are called by; and how many findings there are is told without counting them.

-- Unlike those of findings at once: there are few assets to a finding. In the words of words_of, which only comes with the functions.
create index assets_by_word on spillway.assets using gin ((
  array_remove(string_to_array(workspace_id::text || ' ' || replace(
    lower(translate(identity, E'\t\n\r!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 35))), ' ', E'\n' || (workspace_id::text || ' ')), E'\n'), workspace_id::text || ' ')))
  with (fastupdate = on, gin_pending_list_limit = 256);
drop function if exists spillway.list_assets(integer, uuid, integer);

create table spillway.finding_counts (
  workspace_id integer primary key references spillway.workspaces (id) on delete cascade,
  counted_at timestamptz not null,
  due_at timestamptz not null
);
create index finding_counts_by_due on spillway.finding_counts (due_at);
alter table spillway.finding_counts enable row level security;
comment on table spillway.finding_counts is 'when the findings of a workspace were counted last: see count_findings_of_day';
comment on column spillway.finding_counts.due_at is 'when they are counted next: counting takes a fiftieth of the time at most';

create table spillway.finding_days (
  workspace_id integer not null references spillway.workspaces (id) on delete cascade,
  day date not null,
  severity spillway.severity not null,
  status spillway.finding_status not null,
  tool text not null,
  findings bigint not null,
  primary key (workspace_id, day, severity, status, tool)
);
alter table spillway.finding_days enable row level security;
comment on table spillway.finding_days is 'how many findings there were, as they were counted last on a day (UTC)';
