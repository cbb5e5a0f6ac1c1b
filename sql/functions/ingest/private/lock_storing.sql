create or replace function spillway.lock_storing(p_workspace integer, p_alone boolean) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  c_lock constant bigint := spillway.storing_lock(p_workspace);
begin
  if p_alone then
    perform pg_advisory_xact_lock(c_lock);
  else
    perform pg_advisory_xact_lock_shared(c_lock);
  end if;
end
$$;
comment on function spillway.lock_storing(integer, boolean) is
  'for whoever stores in a workspace, to its end: beside others, who all lock findings in one order, or alone (p_alone) where that order cannot be held';
