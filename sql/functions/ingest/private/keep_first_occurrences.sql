create or replace function spillway.keep_first_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.occurrence_columns) returns jsonb
-- Planned for every call: a kept plan would be one for the size that the table had long ago, and joins go wrong by that.
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_newer bigint;
begin
  -- What was seen by this import before counts once: of two records the first of the report is kept, whichever came first.
  with earlier as materialized (
    select g.id, g.service, coalesce(g.evidence, '') as evidence, g.source_offset
    from spillway.rows_of(p_occurrences) g join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id
    where o.last_import_id = p_import and o.source_offset > g.source_offset
    order by g.id
    for no key update of o
  )
  update spillway.occurrences o set service = e.service, evidence = e.evidence, source_offset = e.source_offset
  from earlier e where o.workspace_id = p_workspace and o.id = e.id;
  -- Or a newer import has seen it.
  select count(*) into v_newer from spillway.rows_of(p_occurrences) g
  join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id and o.last_import_id > p_import;
  return jsonb_build_object('unchanged', v_newer);
end
$$;
comment on function spillway.keep_first_occurrences(integer, uuid, spillway.occurrence_columns) is
  'of occurrences of a batch that are stored already: takes over those that stand earlier in the same import''s report, and counts those that a newer import has seen';
