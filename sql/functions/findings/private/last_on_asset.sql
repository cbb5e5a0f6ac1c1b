create or replace function spillway.last_on_asset(p_asset uuid) returns uuid
language sql immutable parallel safe strict
as $$ select pg_catalog.rpad(pg_catalog.left(p_asset::text, 8), 32, 'f')::uuid $$;
comment on function spillway.last_on_asset(uuid) is 'the greatest id of an occurrence on an asset: see first_on_asset';
