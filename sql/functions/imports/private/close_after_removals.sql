create or replace function spillway.close_after_removals(p_removed spillway.removed_imports) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_scope text;
begin
  for v_scope in
    select distinct i.scope from spillway.imports i
    where i.workspace_id = p_removed.workspace_id and i.close_missing and i.state = 'completed' and i.finished_at >= p_removed.closing_stopped_at order by i.scope
  loop
    perform spillway.close_missing_findings(p_removed.workspace_id, v_scope);
  end loop;
end
$$;
comment on function spillway.close_after_removals(spillway.removed_imports) is
  'closes what imports that ended while another was being removed no longer show; nothing where yet another is being removed';
