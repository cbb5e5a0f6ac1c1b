create or replace function spillway.admit_imports(p_workspace integer) returns integer
language plpgsql volatile set search_path = ''
as $$
declare
  v_served_at timestamptz;
  v_removed_at timestamptz;
  v_running integer := (spillway.limits_of(p_workspace)).max_running_imports;
  v_count integer;
begin
  -- The lock makes the limit strict: two that admit at once would both find the last place free.
  select w.served_at, w.removed_at into v_served_at, v_removed_at from spillway.workspaces w where w.id = p_workspace for no key update;
  if v_removed_at is not null then
    return 0;
  end if;
  -- Chosen once, whatever the plan: looked for again for each segment, the next look would pass over an import whose first is admitted by then.
  with next_imports as materialized (
    select n.import_id from spillway.import_queue n
    where n.workspace_id = p_workspace and not n.admitted
      -- Each import by its first segment.
      and not exists (select from spillway.import_queue f where f.import_id = n.import_id and f.segment < n.segment)
    order by n.priority, n.import_id
    limit greatest(v_running
      - (select count(distinct a.import_id) from spillway.import_queue a where a.workspace_id = p_workspace and a.admitted), 0)
    -- What is locked is being cancelled, and whoever does that comes here next.
    for no key update skip locked
  )
  update spillway.import_queue q set admitted = true, turn_at = v_served_at
  from next_imports n where q.import_id = n.import_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function spillway.admit_imports(integer) is
  'lets the next imports of a workspace be claimed, the most urgent and oldest first, as many as have room; to be called whenever one comes or ends';
