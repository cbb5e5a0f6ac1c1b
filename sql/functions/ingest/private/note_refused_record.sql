create or replace function spillway.note_refused_record(
  p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_code text, p_message text, p_keep boolean
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_counts jsonb;
begin
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item_id, item)
    select p_workspace, p_import, case when o.id is not null then 'occurrence' else 'asset' end, p_code, left(p_message, 1000),
      o.source_offset, o.source_line, coalesce(o.id::text, p_batch #>> '{assets,0,id}'),
      jsonb_build_object('assets', p_batch -> 'assets', 'findings', p_batch -> 'findings', 'occurrences', (select coalesce(jsonb_agg(o), '[]') from spillway.rows_of(p_occurrences) o))
    from (select) as one left join spillway.rows_of(p_occurrences) o on true
    where p_keep
    on conflict do nothing
    returning id
  )
  select jsonb_build_object('errors', jsonb_build_object(p_code, case when p_keep then (select count(*) from noted) else 1 end))
  into v_counts;
  return v_counts;
end
$$;
comment on function spillway.note_refused_record(integer, uuid, jsonb, spillway.occurrence_columns, text, text, boolean) is
  'counts a record that the database refused, and keeps it (p_keep), once, with the record itself so that it can be tried again';
