-- Without a search path of its own, as utc_text: every request asks this.
create or replace function spillway.is_session(p_caller bytea) returns boolean
language sql immutable parallel safe
as $$ select pg_catalog.octet_length(p_caller) > 32 $$;
comment on function spillway.is_session(bytea) is
  'whether whoever calls shows a session: a key is known by its SHA-256, a session by that of its token and a byte before it, so that neither is taken for the other';
