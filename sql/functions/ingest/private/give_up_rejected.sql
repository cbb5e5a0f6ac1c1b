create or replace function spillway.give_up_rejected(p_unit spillway.unit) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update spillway.imports i set trial_failed = true
  from spillway.runs r
  where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id and r.workspace_id = i.workspace_id and r.import_id = i.id
    and r.rows_rejected > spillway.max_rejected_rows(r);
  return found;
end
$$;
comment on function spillway.give_up_rejected(spillway.unit) is
  'for a unit of a table: whether more rows are rejected by now than its mapping allows, and the import is to be ended';
