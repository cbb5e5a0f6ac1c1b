create or replace function spillway.set_plan(p_name text, p_limits jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_plan spillway.plans;
  v_before jsonb;
begin
  insert into spillway.plans (name) values (p_name) on conflict (name) do nothing;
  select p.* into strict v_plan from spillway.plans p where p.name = p_name for no key update;
  v_before := spillway.limits_document(v_plan);
  v_plan := jsonb_populate_record(v_plan, spillway.known_limits(p_limits));
  update spillway.plans p
  set (max_import_bytes, max_stored_bytes, max_active_imports, max_running_imports, max_open_uploads, max_findings, requests_per_minute, request_burst) =
    (v_plan.max_import_bytes, v_plan.max_stored_bytes, v_plan.max_active_imports, v_plan.max_running_imports, v_plan.max_open_uploads, v_plan.max_findings,
      v_plan.requests_per_minute, v_plan.request_burst)
  where p.name = p_name;
  perform spillway.note_event(w.id, 'workspace.limited', w.id::text, v_before, spillway.limits_document(v_plan), 'the plan ' || p_name)
  from spillway.workspaces w where w.plan = p_name order by w.id;
  return jsonb_build_object('name', p_name, 'limits', spillway.limits_document(v_plan));
exception when check_violation or not_null_violation or numeric_value_out_of_range or invalid_text_representation then
  perform spillway.refuse_limits();
end
$$;
comment on function spillway.set_plan(text, jsonb) is
  'makes a plan, or changes its limits, by the names of the columns of plans; they hold at once for its workspaces. What is over a lower limit stays, and nothing is added. SW422 where a limit is unknown or none';
