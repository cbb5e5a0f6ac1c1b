create or replace function spillway.event_document(e spillway.events) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return jsonb_build_object('id', e.id, 'happened_at', spillway.utc_text(e.happened_at), 'actor', e.actor, 'key_id', e.key_id,
    'member', (select jsonb_build_object('id', m.id, 'name', m.name) from spillway.members m where m.workspace_id = e.workspace_id and m.id = e.member_id),
    'action', e.action, 'object_id', e.object_id, 'before', e.before, 'after', e.after, 'reason', e.reason);
end
$$;
comment on function spillway.event_document(spillway.events) is 'an event as the API shows it';
