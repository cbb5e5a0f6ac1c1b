create or replace function spillway.first_on_asset(p_asset uuid) returns uuid
language sql immutable parallel safe strict
as $$ select pg_catalog.rpad(pg_catalog.left(p_asset::text, 8), 32, '0')::uuid $$;
comment on function spillway.first_on_asset(uuid) is 'the least id of an occurrence on an asset: it begins with the first 32 bits of the asset''s (scan-reports, identity.rs)';
