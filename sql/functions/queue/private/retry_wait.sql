create or replace function spillway.retry_wait(p_failures smallint) returns interval
language plpgsql volatile set search_path = ''
as $$
begin
  -- 2 s, 20 s: half of it by chance, so that those that failed together do not come back together.
  return interval '2 seconds' * 10 ^ p_failures * (0.5 + random() / 2);
end
$$;
comment on function spillway.retry_wait(smallint) is 'the wait before the next attempt, after so many failures before this one';
