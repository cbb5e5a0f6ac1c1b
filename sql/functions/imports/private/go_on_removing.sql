create or replace function spillway.go_on_removing(p_removed spillway.removed_imports, p_limit integer) returns spillway.removed_imports
language plpgsql volatile set search_path = ''
as $$
begin
  -- Findings are taken back in an order that no batch has. Whoever stores holds no lock that is waited for here.
  perform spillway.lock_storing(p_removed.workspace_id, true);
  -- For the last step: it comes before the workspace's row, which a step may lock.
  perform spillway.lock_closing(p_removed.workspace_id);
  p_removed := spillway.take_back_some(p_removed, p_limit);
  if p_removed.ended_at is not null then
    perform spillway.close_after_removals(p_removed);
  end if;
  return p_removed;
end
$$;
comment on function spillway.go_on_removing(spillway.removed_imports, integer) is
  'one step of the removal of an import, for whoever has its row in removed_imports locked; with the last one, what was not closed meanwhile is';
