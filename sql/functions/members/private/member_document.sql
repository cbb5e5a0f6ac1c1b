create or replace function spillway.member_document(m spillway.members) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email, 'scopes', m.scopes,
    'created_at', spillway.utc_text(m.created_at), 'removed_at', spillway.utc_text(m.removed_at));
end
$$;
comment on function spillway.member_document(spillway.members) is 'a member as the API shows them';
