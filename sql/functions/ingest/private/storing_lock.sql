create or replace function spillway.storing_lock(p_workspace integer) returns bigint
language sql immutable parallel safe
as $$ select pg_catalog.hashtextextended('spillway.lock_storing', p_workspace) $$;
comment on function spillway.storing_lock(integer) is 'the advisory lock of lock_storing and try_lock_storing';
