create or replace function spillway.check_import_transition() returns trigger
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

-- After the update, not before it: a trigger before it would lock the row as if its key might change, since "active" is computed behind the trigger. That
-- waits for every batch of another segment that noted an error (a foreign key to the import), whose own update then waits for this one.
create or replace trigger imports_take_known_steps after update of state on spillway.imports
  for each row when (old.state is distinct from new.state) execute function spillway.check_import_transition();
comment on trigger imports_take_known_steps on spillway.imports is 'refuses every other step';
