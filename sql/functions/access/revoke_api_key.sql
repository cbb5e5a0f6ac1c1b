create or replace function spillway.revoke_api_key(p_hash bytea) returns boolean
language sql volatile security definer set search_path = ''
as $$
  with revoked as (
    update spillway.api_keys set revoked_at = now() where hash = p_hash and revoked_at is null returning id
  )
  select exists (select from revoked)
$$;
comment on function spillway.revoke_api_key(bytea) is 'ends a key (its SHA-256) at once; false where there is none that is valid';
