create or replace function spillway.max_failures() returns smallint
language sql immutable parallel safe set search_path = ''
as $$ select 3::smallint $$;
comment on function spillway.max_failures() is 'after so many failed attempts without progress an import fails';
