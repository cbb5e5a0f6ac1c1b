create or replace function spillway.note_refused_record(
  p_workspace integer, p_import uuid, p_item jsonb, p_code text, p_message text, p_keep boolean
) returns jsonb
language sql volatile set search_path = ''
as $$
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item_id, item)
    select p_workspace, p_import, case when o.id is not null then 'occurrence' else 'asset' end, p_code, left(p_message, 1000),
      (p_item #>> '{occurrences,0,source_offset}')::bigint, (p_item #>> '{occurrences,0,source_line}')::bigint,
      coalesce(o.id, p_item #>> '{assets,0,id}'), p_item - 'units'
    from (select p_item #>> '{occurrences,0,id}') as o (id)
    where p_keep
    on conflict do nothing
    returning id
  )
  select jsonb_build_object('errors', jsonb_build_object(p_code, case when p_keep then (select count(*) from noted) else 1 end))
$$;
comment on function spillway.note_refused_record(integer, uuid, jsonb, text, text, boolean) is
  'counts a record that the database refused, and keeps it (p_keep), once, with the record itself so that it can be tried again';
