create or replace function spillway.has_unknown_assets(p_import spillway.imports) returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from spillway.import_assets s join spillway.assets a on a.workspace_id = s.workspace_id and a.id = s.asset_id
    where s.workspace_id = p_import.workspace_id and s.import_id = p_import.id
      and case when a.first_import_id = s.import_id
        then a.last_import_id <> s.import_id and not exists (
          select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.asset_id and e.previous_import_id = s.import_id)
        else not exists (
          select from spillway.earlier_states e where e.workspace_id = s.workspace_id and e.object_id = s.asset_id and e.import_id = s.import_id) end
  )
$$;
comment on function spillway.has_unknown_assets(spillway.imports) is
  'whether an import saw assets of which is not known what they would be without it: who saw them before or after it is not kept';
