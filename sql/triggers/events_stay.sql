create or replace function spillway.check_event_stays() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' and (old.happened_at < now() - spillway.event_retention()
    or exists (select from spillway.workspaces w where w.id = old.workspace_id and w.removed_at is not null))
  then
    return old;
  end if;
  raise exception using errcode = 'check_violation',
    message = format('an event is neither changed nor removed before %s have passed', spillway.event_retention());
end
$$;
comment on function spillway.check_event_stays() is 'trigger: events can be added, and removed when they are old or their workspace is, and nothing else';

create or replace trigger events_stay before update or delete on spillway.events
  for each row execute function spillway.check_event_stays();
comment on trigger events_stay on spillway.events is 'also whoever may write the table does not change what was noted';
