create or replace function spillway.idempotency_window() returns interval
language sql immutable set search_path = ''
as $$ select interval '24 hours' $$;
comment on function spillway.idempotency_window() is 'how long an Idempotency-Key stands for the request that it was first sent with';
