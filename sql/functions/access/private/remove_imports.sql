create or replace function spillway.remove_imports(p_workspace integer, p_limit integer) returns jsonb
-- See remove_rows.
language plpgsql volatile set search_path = '' set enable_seqscan = off set enable_sort = off
as $$
declare
  v_removed jsonb;
begin
  with removed as (
    delete from spillway.imports i
    where i.ctid = any (array(select f.ctid from spillway.imports f where f.workspace_id = p_workspace order by f.id limit p_limit))
    returning i.*
  ), noted as (
    -- As claim_leftovers does: the drain finds them here until the store has removed them.
    insert into spillway.uploads (workspace_id, id, object_key, started_at, seen_at, abandoned_at)
    select r.workspace_id, r.id, r.object_key, '-infinity', '-infinity', now() from removed r where r.report_removed_at is null
    on conflict do nothing
  )
  select jsonb_build_object('imports', count(*), 'objects', count(*) filter (where r.report_removed_at is null),
    'bytes', coalesce(sum(r.size_bytes) filter (where r.report_removed_at is null), 0))
  into v_removed from removed r;
  return v_removed;
end
$$;
comment on function spillway.remove_imports(integer, integer) is
  'deletes the first imports of a workspace, p_limit at most, and leaves their reports in the store to the drain: {imports, objects, bytes}';
