create or replace function spillway.set_workspace_limits(p_name text, p_plan text, p_limits jsonb) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_workspace spillway.workspaces;
  v_before jsonb;
begin
  select w.* into v_workspace from spillway.workspaces w where w.name = p_name for no key update;
  if not found then
    raise exception using errcode = 'SW404', message = format('there is no workspace of the name %s', p_name);
  end if;
  if p_plan is not null and not exists (select from spillway.plans p where p.name = p_plan) then
    raise exception using errcode = 'SW404', message = format('there is no plan of the name %s', p_plan);
  end if;
  v_before := jsonb_build_object('plan', v_workspace.plan) || spillway.limits_document(spillway.limits_of(v_workspace.id));
  v_workspace := jsonb_populate_record(v_workspace, spillway.known_limits(p_limits));
  update spillway.workspaces w
  set (plan, max_import_bytes, max_stored_bytes, max_active_imports, max_running_imports, max_open_uploads, max_findings, requests_per_minute,
      request_burst) =
    (coalesce(p_plan, w.plan), v_workspace.max_import_bytes, v_workspace.max_stored_bytes, v_workspace.max_active_imports,
      v_workspace.max_running_imports, v_workspace.max_open_uploads, v_workspace.max_findings, v_workspace.requests_per_minute,
      v_workspace.request_burst)
  where w.id = v_workspace.id
  returning w.* into v_workspace;
  perform spillway.note_event(v_workspace.id, 'workspace.limited', v_workspace.id::text, v_before,
    jsonb_build_object('plan', v_workspace.plan) || spillway.limits_document(spillway.limits_of(v_workspace.id)));
  return spillway.workspace_document(v_workspace.id);
exception when check_violation or numeric_value_out_of_range or invalid_text_representation then
  perform spillway.refuse_limits();
end
$$;
comment on function spillway.set_workspace_limits(text, text, jsonb) is
  'gives a workspace another plan (null: the same), and limits of its own, by the names of the columns; null: the plan''s again. They hold at once; what is over a lower limit stays, and nothing is added. SW404 where there is no such workspace or plan, SW422 where a limit is unknown or none';
