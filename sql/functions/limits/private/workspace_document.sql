create or replace function spillway.workspace_document(p_workspace integer) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_limits spillway.plans := spillway.limits_of(p_workspace);
  v_uploads spillway.open_uploads := spillway.open_uploads_of(p_workspace);
begin
  return (
    select jsonb_build_object('name', w.name, 'plan', w.plan, 'created_at', spillway.utc_text(w.created_at),
      'limits', spillway.limits_document(v_limits),
      'used', jsonb_build_object('stored_bytes', w.stored_bytes, 'reserved_bytes', v_uploads.reserved_bytes, 'active_imports', w.active_imports,
        'open_uploads', v_uploads.uploads, 'findings', w.findings))
    from spillway.workspaces w where w.id = p_workspace
  );
end
$$;
comment on function spillway.workspace_document(integer) is 'a workspace as the API shows it: its limits, and what it uses of them';
