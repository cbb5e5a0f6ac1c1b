create or replace function spillway.cancel_imports(p_workspace integer, p_limit integer) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_imports uuid[] := array(
    select i.id from spillway.imports i where i.workspace_id = p_workspace and i.state in ('queued', 'running') order by i.state, i.id limit p_limit);
  v_count bigint;
begin
  -- Nobody else waits for places of two imports. Without them no drain can write for the imports any more: see cancel_import.
  perform from spillway.import_queue q where q.import_id = any (v_imports) order by q.import_id, q.segment for update;
  delete from spillway.import_queue q where q.import_id = any (v_imports);
  get diagnostics v_count = row_count;
  update spillway.imports i
  set state = 'cancelled', finished_at = now(), updated_at = now(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = any (v_imports) and i.state in ('queued', 'running');
  return v_count;
end
$$;
comment on function spillway.cancel_imports(integer, integer) is
  'cancels at most p_limit queued and running imports of a workspace that is being removed; gives how many places in the queue they had';
