create or replace function spillway.note_event(
  p_workspace integer, p_action text, p_object text, p_before jsonb, p_after jsonb, p_reason text default null
) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  v_key uuid := spillway.acting_key();
begin
  insert into spillway.events (workspace_id, id, actor, key_id, member_id, action, object_id, before, after, reason)
  values (p_workspace, spillway.new_id(), spillway.actor(p_workspace), v_key, spillway.acting_member(p_workspace), p_action, p_object, p_before, p_after, p_reason);
end
$$;
comment on function spillway.note_event(integer, text, text, jsonb, jsonb, text) is
  'notes that something was done in a workspace, in the statement that does it: p_action says what, as finding.decided, and p_object to which one';
