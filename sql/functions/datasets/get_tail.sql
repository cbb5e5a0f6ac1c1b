create or replace function spillway.get_tail(p_workspace integer, p_name text, p_known_version bigint default null)
returns table (version bigint, document text)
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  v_dataset spillway.datasets := spillway.dataset_named(p_workspace, p_name);
begin
  return query
    select coalesce(t.version, 0), case when coalesce(t.version, 0) is distinct from p_known_version
      then format('{"items": %s, "version": %s}', coalesce(t.document, '[]'), coalesce(t.version, 0)) end
    from (select) as one left join spillway.tails t on t.workspace_id = p_workspace and t.dataset_id = v_dataset.id;
end
$$;
comment on function spillway.get_tail(integer, text, bigint) is
  'the last rows of a dataset, written when an import of it ended last, and of which version they are; no document where that is known already. SW404 where there is no such dataset';
