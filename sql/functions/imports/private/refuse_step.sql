create or replace function spillway.refuse_step(p_workspace integer, p_import uuid, p_rule text) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_import spillway.imports;
begin
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  raise exception using errcode = 'SW409', message = format('the import is %s%s; %s', v_import.state,
    case when v_import.report_removed_at is not null then ' and its report was removed from the store' else '' end, p_rule);
end
$$;
comment on function spillway.refuse_step(integer, uuid, text) is 'says why a step is not possible for an import: SW404 where the workspace has none of this id, else SW409 with its state and the rule';
