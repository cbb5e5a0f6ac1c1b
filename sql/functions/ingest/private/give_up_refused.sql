create or replace function spillway.give_up_refused(p_unit spillway.unit) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  update spillway.imports i set trial_failed = true
  where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id
    and spillway.refused_records(i.error_counts) > spillway.max_refused_records();
  return found;
end
$$;
comment on function spillway.give_up_refused(spillway.unit) is
  'for a unit some of which was refused: whether that makes more than max_refused_records() of the import, which is noted then as one to be ended';
