create or replace function spillway.fail_trial(p_import uuid, p_attempt integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_refused bigint;
begin
  select i.* into v_import
  from spillway.import_queue q join spillway.imports i on i.workspace_id = q.workspace_id and i.id = q.import_id
  where q.import_id = p_import and q.attempt = p_attempt;
  v_refused := spillway.refused_records(v_import.error_counts);
  return spillway.fail_import(p_import, p_attempt, jsonb_build_object('code', 'too_many_errors', 'message',
    case
      when v_import.kind = 'table' and v_import.errors * 2 <= greatest(v_import.items, spillway.trial_records()) and v_refused <= spillway.max_refused_records()
        then format('%s of the first %s rows are rejected, more than max_rejects of the mapping allows; the list of errors says why',
          v_import.errors, v_import.items)
      when v_refused > spillway.max_refused_records()
      then format('the database refused %s records, of an import it may be %s; the list of errors says why', v_refused, spillway.max_refused_records())
      else format('%s of the first %s records cannot be used; the list of errors says why', v_import.errors, v_import.items) end), false);
end
$$;
-- Not in the statement that finds it out, whose locks come after those that this takes. Who is killed between the two has left imports.trial_failed, by which
-- the next claim, and the next unit of every other segment, comes to the same end; nothing more of the killed one's segment is stored before.
comment on function spillway.fail_trial(uuid, integer) is
  'ends an import most of which cannot be used, or too much of which the database refused: for whoever was told trial_failed, by a unit of work or by a claim; stale where the attempt is over';
