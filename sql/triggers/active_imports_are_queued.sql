create or replace function spillway.check_import_is_queued() returns trigger
language plpgsql security definer set search_path = ''
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

-- A constraint's trigger cannot be replaced (PostgreSQL 15).
drop trigger if exists active_imports_are_queued on spillway.imports;
create constraint trigger active_imports_are_queued after insert or update of state on spillway.imports
  deferrable initially deferred for each row execute function spillway.check_import_is_queued();
comment on trigger active_imports_are_queued on spillway.imports is 'the other half of queued_imports_are_still_to_do: exactly the active imports are in the queue';
