create or replace function spillway.upload_lease() returns interval
language sql immutable parallel safe set search_path = ''
as $$ select interval '30 minutes' $$;
comment on function spillway.upload_lease() is 'how long an upload may give no sign of life: then what was reserved for it is free again. Whoever uploads gives one every minute';
