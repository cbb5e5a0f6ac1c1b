create or replace function spillway.clean_up(p_import_days integer, p_limit integer) returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare
  c_notification_time constant interval := interval '90 days';
begin
  perform spillway.end_decisions(p_limit);
  with old as materialized (
    select n.workspace_id, n.id from spillway.notifications n
    where n.created_at < now() - c_notification_time order by n.created_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.notifications n using old o where n.workspace_id = o.workspace_id and n.id = o.id;
  with old as materialized (
    select e.workspace_id, e.id from spillway.events e
    where e.happened_at < now() - spillway.event_retention() order by e.happened_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.events e using old o where e.workspace_id = o.workspace_id and e.id = o.id;
  perform spillway.remove_old_generations(p_limit);
  perform spillway.remove_old_import(p_import_days, p_limit * 100);
end
$$;
comment on function spillway.clean_up(integer, integer) is
  'what the database needs no more, a little at a time, past what others hold: decisions that end, notifications of over 90 days ago, events of over event_retention() ago, tables of datasets that were replaced or removed, and imports that ended p_import_days ago and whose report is gone';
