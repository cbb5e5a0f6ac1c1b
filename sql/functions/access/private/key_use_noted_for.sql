create or replace function spillway.key_use_noted_for() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '1 hour' $$;
comment on function spillway.key_use_noted_for() is 'for how long it is not noted again that a key is in use';
