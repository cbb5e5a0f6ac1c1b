create or replace function spillway.notify_completed(i spillway.imports) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  perform spillway.notify(i.workspace_id, i.id,
    case when i.errors = 0 then 'completed' else 'warning' end::spillway.notification_kind,
    case when i.errors = 0 then 'Import completed' else 'Import completed with errors' end,
    case when i.kind = 'table' then spillway.run_summary(i) else format('%s: %s findings are new, %s updated, %s reopened, %s unchanged', i.file_name, i.findings_new, i.findings_updated,
        i.findings_reopened, i.findings_unchanged)
      || case when i.errors = 0 then '' else format('; %s records could not be stored', i.errors) end
      || case when i.errors > 0 and i.close_missing then ', so nothing is closed' else '' end end);
end
$$;
comment on function spillway.notify_completed(spillway.imports) is 'tells a workspace that an import is completed, with what it brought';
