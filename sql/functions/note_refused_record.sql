create or replace function spillway.note_refused_record(p_workspace integer, p_import uuid, p_item jsonb, p_code text, p_message text)
returns jsonb
language sql volatile set search_path = ''
as $$
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item)
    select p_workspace, p_import, case when jsonb_array_length(p_item -> 'occurrences') > 0 then 'occurrence' else 'asset' end,
      p_code, left(p_message, 1000), (p_item #>> '{occurrences,0,source_offset}')::bigint, (p_item #>> '{occurrences,0,source_line}')::bigint,
      p_item - 'units'
    on conflict do nothing
    returning id
  )
  select jsonb_build_object('errors', count(*)) from noted
$$;
comment on function spillway.note_refused_record(integer, uuid, jsonb, text, text) is
  'notes a record that the database refused, once, with the record itself so that it can be tried again';
