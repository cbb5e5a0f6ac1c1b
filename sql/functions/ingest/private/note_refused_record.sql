create or replace function spillway.note_refused_record(
  p_workspace integer, p_import uuid, p_rows jsonb, p_code text, p_message text, p_keep boolean
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_occurrence jsonb := p_rows #> '{occurrences,0}';
  v_noted integer := 1;
begin
  if p_keep then
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item_id, item)
    values (p_workspace, p_import, case when v_occurrence is null then 'asset' else 'occurrence' end, p_code, left(p_message, 1000),
      (v_occurrence -> 'source_offset')::bigint, (v_occurrence -> 'source_line')::bigint,
      coalesce(v_occurrence ->> 'id', p_rows #>> '{assets,0,id}'), p_rows)
    on conflict do nothing;
    get diagnostics v_noted = row_count;
  end if;
  return jsonb_build_object('errors', jsonb_build_object(p_code, v_noted));
end
$$;
comment on function spillway.note_refused_record(integer, uuid, jsonb, text, text, boolean) is
  'counts a record that the database refused, and keeps it (p_keep), once, as rows {assets, findings, occurrences} so that it can be tried again';
