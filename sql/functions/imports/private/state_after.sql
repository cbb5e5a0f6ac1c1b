create or replace function spillway.state_after(p_workspace integer, p_object uuid, p_import uuid) returns spillway.earlier_states
language sql stable set search_path = ''
as $$
  select e.* from spillway.earlier_states e where e.workspace_id = p_workspace and e.object_id = p_object and e.previous_import_id = p_import
$$;
comment on function spillway.state_after(integer, uuid, uuid) is 'what is kept of the import that saw an object next after another one';
