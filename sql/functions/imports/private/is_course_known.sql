create or replace function spillway.is_course_known(f spillway.findings) returns boolean
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_course jsonb := spillway.finding_course(f, 'infinity');
begin
  return (v_course ->> 'status', v_course ->> 'closed_by') is not distinct from (f.status::text, f.closed_import_id::text)
    and v_course -> 'scopes' = (
      select coalesce(jsonb_object_agg(s.scope, s.last_import_id), '{}') from spillway.finding_scopes s
      where s.workspace_id = f.workspace_id and s.finding_id = f.id)
    and not exists (
      select from spillway.earlier_states e
      join spillway.import_findings s on s.workspace_id = e.workspace_id and s.import_id = e.import_id and s.finding_id = e.object_id
      where e.workspace_id = f.workspace_id and e.object_id = f.id
        and (s.seen_as = 'reopened') <> (v_course -> 'reopened' @> to_jsonb(s.import_id)));
end
$$;
comment on function spillway.is_course_known(spillway.findings) is 'whether what is kept tells how a finding became what it is: then it also tells what it would be without one import';
