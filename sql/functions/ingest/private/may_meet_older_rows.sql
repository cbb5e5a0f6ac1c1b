create or replace function spillway.may_meet_older_rows(p_run spillway.runs, p_segment smallint) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from spillway.import_segments s
    where s.workspace_id = p_run.workspace_id and s.import_id = p_run.import_id and s.segment <> p_segment)
  -- An earlier import that is not completed may go on, also one that has failed: it can be tried again.
  or (select d.write_mode from spillway.datasets d where d.workspace_id = p_run.workspace_id and d.id = p_run.dataset_id) = 'merge' and exists (
    select from spillway.imports i join spillway.runs r on r.workspace_id = i.workspace_id and r.import_id = i.id
    where i.workspace_id = p_run.workspace_id and i.state in ('queued', 'running', 'failed', 'cancelled') and i.report_removed_at is null
      and r.dataset_id = p_run.dataset_id and r.run < p_run.run)
$$;
comment on function spillway.may_meet_older_rows(spillway.runs, smallint) is
  'whether rows that lie before those of a segment may be put after them: of other parts of its file, or of an earlier import into the dataset. Then also the places of rows that are there as they came have to be written, see make_put';
