create or replace function spillway.removed_import_document(r spillway.removed_imports) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
  return jsonb_build_object('id', r.id, 'state', case when r.ended_at is null then 'removing' else 'removed' end, 'findings_taken_back', r.findings,
    'removed_at', spillway.utc_text(r.removed_at), 'ended_at', spillway.utc_text(r.ended_at),
    'poll_after_ms', case when r.ended_at is null then 1000 end);
end
$$;
comment on function spillway.removed_import_document(spillway.removed_imports) is 'how far the removal of an import has come';
