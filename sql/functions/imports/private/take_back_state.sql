create or replace function spillway.take_back_state(p_workspace integer, p_object uuid, p_removed uuid, p_state jsonb) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_own spillway.earlier_states;
  v_next spillway.earlier_states;
  v_after spillway.earlier_states;
  v_was spillway.seen_as;
  v_is spillway.seen_as;
  v_words_before jsonb;
  v_words_next jsonb;
begin
  select e.* into v_own from spillway.earlier_states e where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id = p_removed;
  if v_own.import_id is null and p_state ->> 'first_import_id' <> p_removed::text then
    return p_state;
  end if;
  v_next := spillway.state_after(p_workspace, p_object, p_removed);
  if v_own.import_id is null and v_next.import_id is null then
    return null;
  end if;
  delete from spillway.earlier_states e where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id = p_removed;
  if v_next.import_id is null then
    return p_state || jsonb_build_object('last_import_id', v_own.previous_import_id, 'last_seen_at', v_own.previous_seen_at,
      'seen_as', v_own.previous_seen_as, 'source_offset', v_own.previous_offset, 'words', coalesce(v_own.words, p_state -> 'words'));
  end if;
  v_after := spillway.state_after(p_workspace, p_object, v_next.import_id);
  v_was := coalesce(v_after.previous_seen_as, (p_state ->> 'seen_as')::spillway.seen_as);
  v_is := v_was;
  if v_own.import_id is null then
    v_is := 'new';
    p_state := p_state || jsonb_build_object('first_import_id', v_next.import_id,
      'first_seen_at', coalesce(to_jsonb(v_after.previous_seen_at), p_state -> 'last_seen_at'));
    delete from spillway.earlier_states e where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id = v_next.import_id;
  else
    if v_own.words is not null then
      v_words_next := coalesce(spillway.words_after(p_workspace, p_object, v_next.import_id), p_state -> 'words');
      v_words_before := v_own.words;
      v_is := case when v_words_before = coalesce(v_next.told, v_words_next) then 'unchanged' else 'updated' end;
      v_next.words := nullif(v_words_before, v_words_next);
    end if;
    update spillway.earlier_states e
    set previous_import_id = v_own.previous_import_id, previous_seen_as = v_own.previous_seen_as, previous_seen_at = v_own.previous_seen_at,
      previous_offset = v_own.previous_offset, words = v_next.words
    where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id = v_next.import_id;
  end if;
  if v_is = v_was then
    return p_state;
  elsif v_after.import_id is null then
    p_state := p_state || jsonb_build_object('seen_as', v_is);
  else
    update spillway.earlier_states e set previous_seen_as = v_is
    where e.workspace_id = p_workspace and e.object_id = p_object and e.import_id = v_after.import_id;
  end if;
  return p_state || jsonb_build_object('changed', jsonb_build_object('import_id', v_next.import_id, 'was', v_was, 'is', v_is));
end
$$;
comment on function spillway.take_back_state(integer, uuid, uuid, jsonb) is
  'what a finding or an occurrence would be had an import not seen it, and the same for what is kept of it: p_state is {first_import_id, first_seen_at, last_import_id, last_seen_at, seen_as, source_offset, words}. Gives it as it becomes, with changed {import_id, was, is} where the next import meant something else for it then; null where nobody else saw it';
