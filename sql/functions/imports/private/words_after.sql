create or replace function spillway.words_after(p_workspace integer, p_object uuid, p_import uuid) returns jsonb
language sql stable set search_path = ''
as $$
  -- What the first one after it that says something else has found.
  select e.words from spillway.earlier_states e
  where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id > p_import and e.words is not null
  order by e.import_id limit 1
$$;
comment on function spillway.words_after(integer, uuid, uuid) is 'what an import says at last of an object that it saw; null: what is said of it now';
