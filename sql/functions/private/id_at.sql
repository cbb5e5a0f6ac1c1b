create or replace function spillway.id_at(p_time timestamptz) returns uuid
language sql immutable parallel safe set search_path = ''
as $$
  select (lpad(to_hex((extract(epoch from p_time) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
comment on function spillway.id_at(timestamptz) is 'the least id (UUID version 7) that can have been made at a time: see time_of_id';
