create or replace function spillway.check_removable(i spillway.imports, p_closes boolean) returns void
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_other uuid;
begin
  if i.active then
    perform spillway.refuse_step(i.workspace_id, i.id, 'cancel it first, then it can be removed');
  elsif i.kind = 'table' then
    raise exception using errcode = 'SW409', message = 'the rows of a dataset cannot be taken back import by import; put the right ones in their place (write mode merge or replace), or remove the dataset';
  elsif i.started_at is null then
    return;
  end if;
  v_other := spillway.import_beside(i);
  if v_other is not null then
    raise exception using errcode = 'SW409', message = format('the import %s was worked on at the same time and shares findings or assets with it: which of them changed what is not known, so it cannot be taken back', v_other);
  end if;
  if not i.traced or spillway.has_unknown_findings(i, p_closes) or spillway.has_unknown_assets(i) then
    raise exception using errcode = 'SW409', message = 'what it changed of findings that other imports saw is not known any more (it is too long ago, an earlier version stored it, or somebody decided otherwise in between), so it cannot be taken back; decide of the findings instead';
  end if;
end
$$;
comment on function spillway.check_removable(spillway.imports, boolean) is 'SW409, with the reason, where an import cannot be taken back exactly; p_closes: something may have been closed because of it. For whoever holds lock_storing alone, and lock_closing';
