create or replace function spillway.remove_some(p_name text, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_removal spillway.removals;
  v_removed jsonb;
  v_objects bigint := 0;
  v_uploads bigint := 0;
begin
  select r.* into v_removal from spillway.removals r join spillway.workspaces w on w.id = r.workspace_id
  where w.name = p_name and w.removed_at is not null and r.ended_at is null for update of r;
  if not found then
    raise exception using errcode = 'SW404', message = format('no workspace of the name %s is being removed; begin_removal begins it', p_name);
  end if;
  v_removed := spillway.remove_rows_or_reports(v_removal.workspace_id, p_limit);
  if v_removed = '{}' then
    -- An object may still come of an upload that gives signs of life: it stays known until that is over.
    select count(*) filter (where u.seen_at <= now() - spillway.upload_lease()), count(*) filter (where u.seen_at > now() - spillway.upload_lease())
    into v_objects, v_uploads
    from spillway.uploads u where u.workspace_id = v_removal.workspace_id;
    if v_objects + v_uploads = 0 then
      delete from spillway.workspaces w where w.id = v_removal.workspace_id;
      v_removal.ended_at := clock_timestamp();
    end if;
  end if;
  update spillway.removals r set counts = spillway.add_counts(r.counts, v_removed), ended_at = v_removal.ended_at
  where r.workspace_id = v_removal.workspace_id
  returning r.* into v_removal;
  return jsonb_build_object('removal', spillway.removal_document(v_removal), 'removed', v_removed, 'objects_left', v_objects, 'uploads_open', v_uploads);
end
$$;
comment on function spillway.remove_some(text, integer) is
  'goes on with the removal of a workspace: removes at most p_limit rows of the next table that has some. {removal: as in removals, removed: {table: rows; with imports, objects and bytes that were left to the drain}, objects_left: reports and broken uploads that the drain has yet to remove from the store, uploads_open: uploads that may yet leave something there}. Where nothing is left of all that, the workspace''s own row goes, and the removal has ended_at. To be called until then; SW404 where no removal is under way';
