create or replace function spillway.check_no_removal(p_workspace integer, p_import uuid) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if not exists (select from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import) then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  elsif spillway.is_before_removal(p_workspace, p_import) then
    raise exception using errcode = 'SW409', message = 'an import that came after it is being removed; try again in a moment';
  end if;
end
$$;
comment on function spillway.check_no_removal(integer, uuid) is
  'for whoever has more of an ended import stored: SW409 while a later one is being removed, since then it would not be known what that one changed; SW404 where it was itself removed';
