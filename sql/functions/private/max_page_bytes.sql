create or replace function spillway.max_page_bytes() returns integer
language sql immutable parallel safe set search_path = ''
as $$ select 1048576 $$;
comment on function spillway.max_page_bytes() is 'how many bytes of items a page has at most, unless its first item alone has more';
