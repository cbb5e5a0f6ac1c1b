create or replace function spillway.try_lock_storing(p_workspace integer) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  return pg_try_advisory_xact_lock_shared(spillway.storing_lock(p_workspace));
end
$$;
comment on function spillway.try_lock_storing(integer) is 'lock_storing, beside others, for whoever holds a lock that comes later and so may not wait: whether it was to be had';
