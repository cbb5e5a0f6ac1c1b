create or replace function spillway.create_workspace(p_name text) returns integer
language sql volatile security definer set search_path = ''
as $$
  with inserted as (
    insert into spillway.workspaces (name) values (p_name)
    on conflict (name) do nothing
    returning id
  )
  select id from inserted union all select id from spillway.workspaces where name = p_name limit 1
$$;
comment on function spillway.create_workspace(text) is 'the id of the workspace of that name, which is made if there is none';
