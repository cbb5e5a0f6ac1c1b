create or replace function spillway.wants_segments(p_import uuid, p_attempt integer, p_parallelism integer) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return not exists (select from spillway.import_queue q where q.admitted and q.available_at <= now())
    and (p_parallelism > (select count(*) from spillway.import_queue q where q.claimed and q.available_at > now())
      or exists (select from spillway.import_queue q where q.import_id = p_import and q.attempt <> p_attempt));
end
$$;
comment on function spillway.wants_segments(uuid, integer, integer) is
  'whether it is worth cutting what is left of the segment of an attempt: nothing waits to be claimed, and one drain more could work, or others work on the import, which soon come for the next segment';
