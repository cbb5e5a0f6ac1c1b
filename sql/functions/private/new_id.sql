create or replace function spillway.new_id() returns uuid
language plpgsql volatile set search_path = ''
as $$
begin
  -- The first 48 bits are the Unix time in milliseconds, the next four the version (RFC 9562, section 5.7); the rest stays random.
  return encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid;
end
$$;
comment on function spillway.new_id() is 'a UUID of version 7: ordered by time';
