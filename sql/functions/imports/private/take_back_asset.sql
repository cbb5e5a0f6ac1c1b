create or replace function spillway.take_back_asset(p_removed spillway.removed_imports, p_asset uuid) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_asset spillway.assets;
  v_own spillway.earlier_states;
  v_state jsonb;
  v_words jsonb;
  v_later record;
  v_changed jsonb := '[]';
begin
  delete from spillway.import_assets s where s.workspace_id = p_removed.workspace_id and s.import_id = p_removed.id and s.asset_id = p_asset;
  select a.* into v_asset from spillway.assets a where a.workspace_id = p_removed.workspace_id and a.id = p_asset for no key update nowait;
  if not found then
    return v_changed;
  end if;
  select e.* into v_own from spillway.earlier_states e
  where e.workspace_id = p_removed.workspace_id and e.object_id = p_asset and e.import_id = p_removed.id;
  -- Words are set below: here only who comes after whom, and when.
  update spillway.earlier_states e set words = spillway.asset_without(e.words, p_removed.id, v_own.words)
  where e.workspace_id = p_removed.workspace_id and e.object_id = p_asset and e.import_id > p_removed.id;
  v_words := spillway.asset_without(spillway.asset_words(v_asset), p_removed.id, v_own.words);
  update spillway.earlier_states e set words = null where e.workspace_id = p_removed.workspace_id and e.object_id = p_asset and e.import_id = p_removed.id;
  v_state := spillway.take_back_state(p_removed.workspace_id, p_asset, p_removed.id, to_jsonb(v_asset) || jsonb_build_object('words', v_words));
  if v_state is null then
    delete from spillway.assets a where a.workspace_id = p_removed.workspace_id and a.id = p_asset;
    return v_changed;
  end if;
  v_asset := jsonb_populate_record(v_asset, v_state || v_words);
  for v_later in
    select x.import_id, x.seen_as, s.seen_as as was
    from (
      select e.import_id, spillway.asset_seen_as(e.words, e.told) as seen_as from spillway.earlier_states e
      where e.workspace_id = p_removed.workspace_id and e.object_id = p_asset and e.import_id > p_removed.id
      union all select v_asset.first_import_id, 'new' where v_asset.first_import_id > p_removed.id
    ) as x
    join spillway.import_assets s on s.workspace_id = p_removed.workspace_id and s.import_id = x.import_id and s.asset_id = p_asset
    order by x.import_id
  loop
    update spillway.earlier_states e set previous_seen_as = v_later.seen_as
    where e.workspace_id = p_removed.workspace_id and e.object_id = p_asset and e.previous_import_id = v_later.import_id;
    if v_asset.last_import_id = v_later.import_id then
      v_asset.seen_as := v_later.seen_as;
    end if;
    continue when v_later.seen_as = v_later.was;
    update spillway.import_assets s set seen_as = v_later.seen_as
    where s.workspace_id = p_removed.workspace_id and s.import_id = v_later.import_id and s.asset_id = p_asset;
    v_changed := v_changed || jsonb_build_object('import_id', v_later.import_id, 'kind', 'assets', 'was', v_later.was, 'is', v_later.seen_as);
  end loop;
  update spillway.assets a
  set hostname = v_asset.hostname, hostname_import_id = v_asset.hostname_import_id, attributes = v_asset.attributes,
    attribute_imports = v_asset.attribute_imports, first_import_id = v_asset.first_import_id, first_seen_at = v_asset.first_seen_at,
    last_import_id = v_asset.last_import_id, last_seen_at = v_asset.last_seen_at, seen_as = v_asset.seen_as
  where a.workspace_id = p_removed.workspace_id and a.id = p_asset;
  return v_changed;
end
$$;
comment on function spillway.take_back_asset(spillway.removed_imports, uuid) is
  'the same as take_back_finding, of an asset, once no occurrence of the removed import is left; of each later import for which that means something: [{import_id, kind, was, is}]';
