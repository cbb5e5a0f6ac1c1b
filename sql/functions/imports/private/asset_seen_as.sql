create or replace function spillway.asset_seen_as(p_before jsonb, p_told jsonb) returns spillway.seen_as
language sql immutable parallel safe set search_path = ''
as $$
  select case
    when p_before is null then 'new'
    when (p_before -> 'attributes') @> (p_told -> 'attributes') and (not p_told ? 'hostname' or p_before -> 'hostname' = p_told -> 'hostname') then 'unchanged'
    else 'updated' end::spillway.seen_as
$$;
comment on function spillway.asset_seen_as(jsonb, jsonb) is 'what an import meant for an asset that was so (asset_words) and of which it told this (asset_told)';
