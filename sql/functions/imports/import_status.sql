create or replace function spillway.import_status(p_workspace integer, p_import uuid, p_known_version bigint default null)
returns table (version bigint, document jsonb)
language plpgsql stable parallel safe security definer set search_path = ''
as $$
begin
  return query
    select i.version, case when i.version is distinct from p_known_version then spillway.import_document(i) end
    from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
end
$$;
comment on function spillway.import_status(integer, uuid, bigint) is
  'an import and its version; no document where the version is known already. SW404 where the workspace has no such import';
