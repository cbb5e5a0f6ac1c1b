create or replace function spillway.notify_closed(i spillway.imports) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  delete from spillway.notifications n where n.workspace_id = i.workspace_id and n.import_id = i.id and n.kind = 'closed';
  if i.findings_closed > 0 then
    perform spillway.notify(i.workspace_id, i.id, 'closed', 'Findings closed',
      format('%s: %s findings of %s are no longer seen and are closed', i.file_name, i.findings_closed, i.scope));
  end if;
end
$$;
comment on function spillway.notify_closed(spillway.imports) is 'tells anew how many findings an import has closed, where another number of them was';
