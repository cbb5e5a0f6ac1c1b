create or replace function spillway.keep_earlier_asset() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into spillway.earlier_states (workspace_id, object_id, import_id, previous_import_id, previous_seen_as, previous_seen_at, words, told)
  values (old.workspace_id, old.id, new.last_import_id, old.last_import_id, old.seen_as, old.last_seen_at, spillway.asset_words(old),
    spillway.asset_told(new.last_import_id, new))
  on conflict do nothing;
  return null;
end
$$;
comment on function spillway.keep_earlier_asset() is 'trigger: keeps what an asset was before an import saw it again';

create or replace trigger assets_keep_earlier_states after update of last_import_id on spillway.assets
  for each row when (old.last_import_id < new.last_import_id) execute function spillway.keep_earlier_asset();
comment on trigger assets_keep_earlier_states on spillway.assets is 'so that the import can be removed; a removal itself never makes a newer import the last';
