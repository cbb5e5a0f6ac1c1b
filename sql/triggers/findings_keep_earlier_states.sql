create or replace function spillway.keep_earlier_findings() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- As texts: how many rows the transition tables have is known to a statement when it is parsed, and a kept one goes by what it was told first. A decision of
  -- 10,000 findings compared each with each, for a minute.
  -- A removal itself never makes a newer import the last.
  execute $query$
  insert into spillway.earlier_states (
    workspace_id, object_id, import_id, previous_import_id, previous_seen_as, previous_seen_at, previous_offset, previous_status, words)
  select o.workspace_id, o.id, n.last_import_id, o.last_import_id, o.seen_as, o.last_seen_at, o.source_offset, o.status,
    case when n.seen_as <> 'unchanged' and spillway.finding_words(o.*::spillway.findings) <> spillway.finding_words(n.*::spillway.findings) then spillway.finding_words(o.*::spillway.findings) end
  from before o join after n on n.workspace_id = o.workspace_id and n.id = o.id
  where n.last_import_id > o.last_import_id
  order by o.id
  on conflict do nothing
  $query$;
  -- An earlier record of the same report: what was said before the import may still be what was said until now.
  execute $query$
  update spillway.earlier_states e set words = coalesce(e.words, c.words), told = coalesce(e.told, c.words)
  from (
    select o.workspace_id, o.id, o.last_import_id, spillway.finding_words(o.*::spillway.findings) as words
    from before o join after n on n.workspace_id = o.workspace_id and n.id = o.id
    where n.last_import_id = o.last_import_id and n.source_offset < o.source_offset
  ) as c
  where e.workspace_id = c.workspace_id and e.object_id = c.id and e.import_id = c.last_import_id
  $query$;
  return null;
end
$$;
comment on function spillway.keep_earlier_findings() is 'trigger: keeps what findings were before an import saw them again';

create or replace trigger findings_keep_earlier_states after update on spillway.findings
  referencing old table as before new table as after for each statement execute function spillway.keep_earlier_findings();
comment on trigger findings_keep_earlier_states on spillway.findings is 'so that the import can be removed';
