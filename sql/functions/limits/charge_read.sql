create or replace function spillway.charge_read(p_hash bytea) returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_sample constant integer := 16;
begin
  -- On credit: were it refused where there are fewer left, the fifteen others would go on for nothing.
  return case when random() * c_sample < 1 then spillway.charge_request(p_hash, c_sample, true) end;
end
$$;
comment on function spillway.charge_read(bytea) is
  'counts a read of a key or a session of it: one of sixteen is charged for all, so that reads write nothing but for those. SW429 where that is over the key''s rate';
