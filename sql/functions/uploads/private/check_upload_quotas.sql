create or replace function spillway.check_upload_quotas(p_workspace integer, p_limits spillway.plans, p_repeats boolean) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_workspace spillway.workspaces;
  v_uploads spillway.open_uploads;
begin
  -- The lock makes the quotas strict: see reserve_bytes.
  select w.* into v_workspace from spillway.workspaces w where w.id = p_workspace for no key update;
  v_uploads := spillway.open_uploads_of(p_workspace);
  if v_uploads.uploads >= p_limits.max_open_uploads then
    perform spillway.refuse(429, 'too-many-uploads', 'Too many uploads at a time', format(
      'the workspace has %s uploads under way, of at most %s; wait until one of them has ended', v_uploads.uploads, p_limits.max_open_uploads),
      jsonb_build_object('retry_after', 5, 'members', jsonb_build_object('limit', p_limits.max_open_uploads, 'used', v_uploads.uploads)));
  end if;
  if p_repeats then
    return;
  end if;
  if v_workspace.active_imports >= p_limits.max_active_imports then
    perform spillway.refuse(429, 'too-many-imports', 'Too many imports wait', format(
      'the workspace has %s imports that are queued or running, of at most %s; wait until some have ended', v_workspace.active_imports,
      p_limits.max_active_imports),
      jsonb_build_object('retry_after', 60, 'members', jsonb_build_object('limit', p_limits.max_active_imports, 'used', v_workspace.active_imports)));
  end if;
  if v_workspace.findings >= p_limits.max_findings then
    perform spillway.refuse(403, 'findings-quota', 'The workspace has as many findings as it may have', format(
      'the workspace has %s findings, of at most %s; ask the operator for more', v_workspace.findings, p_limits.max_findings),
      jsonb_build_object('members', jsonb_build_object('limit', p_limits.max_findings, 'used', v_workspace.findings)));
  end if;
end
$$;
comment on function spillway.check_upload_quotas(integer, spillway.plans, boolean) is
  'whether a workspace may begin another upload: SW429 where too many are under way, or too many imports wait; SW403 where it has too many findings, unless nothing comes of it since it repeats an import. Locks the workspace''s row';
