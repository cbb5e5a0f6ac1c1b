create or replace function spillway.lock_closing(p_workspace integer) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('spillway.lock_closing', p_workspace));
end
$$;
comment on function spillway.lock_closing(integer) is
  'one closing in a workspace at a time: of two imports that end at once the second sees the first, and of two scopes that no longer show a finding the last one closes it';
