create or replace function spillway.count_unread(p_workspace integer) returns bigint
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return (
    select count(*) from (
      select from spillway.notifications n where n.workspace_id = p_workspace and n.read_at is null limit 1000
    ) as n
  );
end
$$;
comment on function spillway.count_unread(integer) is 'the number of notifications that nobody has read, up to 1,000: a badge shows no more, and a look at the index of the unread ones is all that it costs';
