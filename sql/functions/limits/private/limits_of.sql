create or replace function spillway.limits_of(p_workspace integer) returns spillway.plans
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_limits spillway.plans;
begin
  select p.name, coalesce(w.max_import_bytes, p.max_import_bytes), coalesce(w.max_stored_bytes, p.max_stored_bytes),
    coalesce(w.max_active_imports, p.max_active_imports), coalesce(w.max_running_imports, p.max_running_imports),
    coalesce(w.max_open_uploads, p.max_open_uploads), coalesce(w.max_findings, p.max_findings),
    coalesce(w.requests_per_minute, p.requests_per_minute), coalesce(w.request_burst, p.request_burst)
  into v_limits
  from spillway.workspaces w join spillway.plans p on p.name = w.plan
  where w.id = p_workspace;
  return v_limits;
end
$$;
comment on function spillway.limits_of(integer) is 'the limits of a workspace: its own, and its plan''s where it has none';
