create or replace function spillway.get_finding(p_workspace integer, p_finding uuid) returns jsonb
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  c_occurrences constant integer := 50;
  v_finding spillway.findings;
  v_page spillway.page;
begin
  select f.* into v_finding from spillway.findings f where f.workspace_id = p_workspace and f.id = p_finding;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such finding';
  end if;
  v_page := spillway.list_occurrences(p_workspace, p_finding, null, c_occurrences);
  return spillway.finding_document(v_finding) || jsonb_build_object(
    'scopes', array(select s.scope from spillway.finding_scopes s where s.workspace_id = p_workspace and s.finding_id = p_finding order by s.scope),
    'history', spillway.finding_history(p_workspace, p_finding),
    'occurrences', jsonb_build_object('items', v_page.items::jsonb, 'next', v_page.next));
end
$$;
comment on function spillway.get_finding(integer, uuid) is
  'one finding with the scopes that show it, what was decided of it (finding_history) and its first occurrences {items, next: the place for list_occurrences}; SW404 where the workspace has no such one';
