create or replace function spillway.max_columns() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1000 $$;
comment on function spillway.max_columns() is 'how many columns a dataset may have: PostgreSQL takes 1,600 of a table, with those of the system and those that were dropped';
