create or replace function spillway.is_of_missing_month(p_sqlstate text, p_message text) returns boolean
language sql immutable parallel safe set search_path = ''
as $$ select p_sqlstate = '23514' and p_message like 'no partition of relation%' $$;
comment on function spillway.is_of_missing_month(text, text) is 'whether a batch was refused because a partition is to be made first: see missing_months';
