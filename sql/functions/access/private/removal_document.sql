create or replace function spillway.removal_document(r spillway.removals) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object('workspace', r.name, 'workspace_id', r.workspace_id, 'removed_by', r.removed_by,
    'begun_at', spillway.utc_text(r.begun_at), 'ended_at', spillway.utc_text(r.ended_at), 'counts', r.counts);
end
$$;
comment on function spillway.removal_document(spillway.removals) is 'the removal of a workspace as an operator sees it';
