-- Claims go round the workspaces. Of each workspace only so many imports are admitted as may be worked on at a time; a claim looks at those
-- alone, so that however many wait behind them cost it nothing. And the life of an import is held by constraints.

alter table spillway.workspaces add column served_at timestamptz not null default '-infinity';
comment on column spillway.workspaces.served_at is 'when one of its imports was last claimed: whoever waits longest is next';

alter table spillway.import_queue
  add column admitted boolean not null default false,
  add column turn_at timestamptz not null default '-infinity',
  add column stalled_at timestamptz,
  add column active boolean not null default true,
  add constraint only_admitted_imports_are_claimed check (admitted or not claimed),
  add constraint claims_are_numbered check (attempt > 0 or not claimed),
  add constraint failures_are_counted check (failures >= 0),
  add constraint queued_imports_are_active check (active);
comment on column spillway.import_queue.admitted is 'among the imports that its workspace may have worked on at a time; the others wait for one of those to end';
comment on column spillway.import_queue.turn_at is 'workspaces.served_at, here for the index';
comment on column spillway.import_queue.stalled_at is 'since when it has been worked on without getting any further; null: it got further in this attempt';
comment on column spillway.import_queue.active is 'always true: for the foreign key';

update spillway.import_queue set admitted = true;
drop index spillway.import_queue_claim;
drop index spillway.import_queue_running;
create index import_queue_claim on spillway.import_queue (turn_at, priority, import_id, available_at) where admitted;
create index import_queue_admitted on spillway.import_queue (workspace_id) where admitted;
create index import_queue_waiting on spillway.import_queue (workspace_id, priority, import_id) where not admitted;
create index import_queue_leases on spillway.import_queue (available_at) where claimed;

-- An import has a queue row exactly as long as it is queued or running.
alter table spillway.imports
  add column active boolean not null generated always as (state in ('queued', 'running')) stored,
  add constraint imports_are_active_or_not unique (workspace_id, id, active);
comment on column spillway.imports.active is 'whether there is still something to do';
alter table spillway.import_queue
  drop constraint queued_imports_exist,
  add constraint queued_imports_are_still_to_do foreign key (workspace_id, import_id, active)
    references spillway.imports (workspace_id, id, active) on delete cascade;

create function spillway.check_import_is_queued() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if exists (select from spillway.imports i where i.workspace_id = new.workspace_id and i.id = new.id and i.active)
    and not exists (select from spillway.import_queue q where q.import_id = new.id) then
    raise exception using errcode = 'check_violation', message = format('import %s is %s, but has no place in the queue', new.id, new.state);
  end if;
  return null;
end
$$;
comment on function spillway.check_import_is_queued() is 'trigger: at the end of a transaction, an import that is still to be worked on has a row in the queue';
create constraint trigger active_imports_are_queued after insert or update of state on spillway.imports
  deferrable initially deferred for each row execute function spillway.check_import_is_queued();

create function spillway.check_import_transition() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if (old.state, new.state) not in (
    ('queued', 'running'), ('queued', 'cancelled'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'),
    ('failed', 'queued'), ('cancelled', 'queued'))
  then
    raise exception using errcode = 'check_violation', message = format('an import cannot go from %s to %s', old.state, new.state);
  end if;
  return new;
end
$$;
comment on function spillway.check_import_transition() is 'trigger: the steps that an import''s state can take; they are drawn in ARCHITECTURE.md';
create trigger imports_take_known_steps before update of state on spillway.imports
  for each row when (old.state is distinct from new.state) execute function spillway.check_import_transition();

create index imports_by_state on spillway.imports (workspace_id, state, id);
