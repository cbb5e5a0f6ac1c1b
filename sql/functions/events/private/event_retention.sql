create or replace function spillway.event_retention() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '2 years' $$;
comment on function spillway.event_retention() is 'how long events are kept';
