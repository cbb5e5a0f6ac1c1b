-- A trigger before an update locks its row as if a key might change, since "active" is computed behind the trigger. That waits for every batch of
-- another segment that noted an error (a foreign key to the import), whose own update then waits for this one: a deadlock. A check can come after.
drop trigger imports_take_known_steps on spillway.imports;
create trigger imports_take_known_steps after update of state on spillway.imports
  for each row when (old.state is distinct from new.state) execute function spillway.check_import_transition();
