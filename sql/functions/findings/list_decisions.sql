create or replace function spillway.list_decisions(p_workspace integer, p_after uuid, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return spillway.read_page(format($query$
    select d.id as place, jsonb_build_object('id', d.id, 'decided_at', spillway.utc_text(d.decided_at), 'actor', d.actor, 'status', d.status, 'reason', d.reason,
      'ends_at', spillway.utc_text(d.ends_at), 'findings', d.findings, 'undone', d.undone) as document
    from (
      select d.* from spillway.decisions d where d.workspace_id = %1$s and (%2$L is null or d.id < %2$L) order by d.id desc limit %3$s + 1
    ) as d
    order by d.id desc
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_decisions(integer, uuid, integer) is 'a page of what was decided of many findings at once, newest first, after the place given';
