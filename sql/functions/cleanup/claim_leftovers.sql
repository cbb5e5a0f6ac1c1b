create or replace function spillway.claim_leftovers(p_report_days integer, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_uploads jsonb;
  v_reports jsonb;
begin
  -- From here on no import can come of these uploads, so that what they left in the store may go.
  with old as materialized (
    select u.workspace_id, u.id from spillway.uploads u
    where u.seen_at < now() - spillway.upload_lease() order by u.seen_at limit p_limit
    for update skip locked
  ), given_up as (
    update spillway.uploads u set abandoned_at = coalesce(u.abandoned_at, now()) from old o
    where u.workspace_id = o.workspace_id and u.id = o.id
    returning u.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'object_key', object_key, 'parts_id', parts_id)), '[]') into v_uploads from given_up;
  -- Marked before they are removed: nobody may try an import again whose report is about to go.
  with old as materialized (
    select i.workspace_id, i.id from spillway.imports i
    where i.finished_at < now() - make_interval(days => p_report_days) and i.report_removed_at is null
    order by i.finished_at limit p_limit
    for no key update skip locked
  ), marked as (
    update spillway.imports i set report_removed_at = now(), version = i.version + 1 from old o
    where i.workspace_id = o.workspace_id and i.id = o.id
    returning i.workspace_id, i.id, i.object_key, i.size_bytes
  ), noted as (
    -- Until the store has removed it: who dies in between finds it here again.
    insert into spillway.uploads (workspace_id, id, object_key, started_at, seen_at, abandoned_at)
    select m.workspace_id, m.id, m.object_key, '-infinity', '-infinity', now() from marked m
    on conflict do nothing
  ), freed as materialized (
    select m.workspace_id, sum(m.size_bytes) as bytes from marked m group by m.workspace_id
  ), locked as materialized (
    select w.id from spillway.workspaces w where w.id in (select f.workspace_id from freed f) order by w.id for no key update
  ), counted as (
    update spillway.workspaces w set stored_bytes = w.stored_bytes - f.bytes from freed f join locked l on l.id = f.workspace_id where w.id = f.workspace_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'object_key', object_key)), '[]') into v_reports from marked;
  return v_uploads || v_reports;
end
$$;
comment on function spillway.claim_leftovers(integer, integer) is
  'what may be removed from the store, p_limit of each: uploads that gave no sign of life for upload_lease(), and the reports of imports that ended p_report_days ago, as [{id, object_key, parts_id}]; to be confirmed by forget_leftovers';
