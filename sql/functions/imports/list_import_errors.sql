create or replace function spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  perform from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  return spillway.read_page(format($query$
    select e.id as place, spillway.import_error_document(e) as document
    from (
      select e.* from spillway.import_errors e
      where e.workspace_id = %1$s and e.import_id = %2$L and (%3$L is null or e.id > %3$L)
      order by e.id limit %4$s + 1
    ) as e
    order by e.id
  $query$, p_workspace, p_import, p_after, p_limit), p_limit);
end
$$;
comment on function spillway.list_import_errors(integer, uuid, bigint, integer) is
  'a page of the records of an import that could not be stored, in the order in which they were met, after the place given; SW404 where the workspace has no such import';
