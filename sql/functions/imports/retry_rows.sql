create or replace function spillway.retry_rows(
  p_workspace integer, p_import uuid, p_schema_version integer, p_columns text[], p_offsets bigint[], p_rescued text, p_errors bigint[], p_outcomes jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_import spillway.imports;
  v_run spillway.runs;
  v_dataset spillway.datasets;
  v_locked bigint;
  v_put jsonb;
  v_counts jsonb;
begin
  select i.* into v_import from spillway.imports i
  where i.workspace_id = p_workspace and i.id = p_import and i.kind = 'table' and not i.active for no key update;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'its errors can be tried again when it has ended');
  end if;
  v_run := spillway.run_of_import(p_workspace, p_import);
  select d.* into strict v_dataset from spillway.datasets d where d.workspace_id = p_workspace and d.id = v_run.dataset_id for no key update;
  if v_run.generation <> v_dataset.generation then
    raise exception using errcode = 'SW409', message = 'the rows of this import are not those of the dataset: it has not replaced them, or another has since then';
  end if;
  select count(*) into v_locked from (
    select from spillway.import_errors e
    where e.workspace_id = p_workspace and e.import_id = p_import and e.id in (select (o ->> 'id')::bigint from jsonb_array_elements(p_outcomes) o)
    for update) as e;
  if v_locked < jsonb_array_length(p_outcomes) or v_dataset.schema_version <> p_schema_version then
    raise exception using errcode = 'SW409', message = 'somebody has tried the errors again, or changed the dataset, at the same time; try once more';
  end if;
  v_put := spillway.put_rows_again(v_run, p_schema_version, p_columns, p_offsets, p_rescued, p_errors);
  with outcomes as (
    select o.id, coalesce(r.message, o.message) as message, case when r.id is null then o."column" end as "column", o.filtered, o.rescued
    from jsonb_to_recordset(p_outcomes) as o (id bigint, message text, "column" text, filtered bigint, rescued bigint)
    left join jsonb_to_recordset(v_put -> 'refused') as r (id bigint, message text) on r.id = o.id
  ), refused as (
    update spillway.import_errors e
    set tries = least(e.tries + 1, 32767), message = left(o.message, 1000), column_name = o."column"
    from outcomes o
    where e.workspace_id = p_workspace and e.import_id = p_import and e.id = o.id and o.message is not null
    returning e.id
  ), taken as (
    delete from spillway.import_errors e using outcomes o
    where e.workspace_id = p_workspace and e.import_id = p_import and e.id = o.id and o.message is null
    returning e.code, o.filtered, o.rescued
  )
  select jsonb_build_object('refused', (select count(*) from refused), 'taken', count(*), 'filtered', coalesce(sum(t.filtered), 0),
    'rescued', coalesce(sum(t.rescued), 0),
    'errors', (select coalesce(jsonb_object_agg(c.code, -c.count), '{}') from (select code, count(*) from taken group by code) as c))
  into v_counts from taken t;
  update spillway.runs r
  -- A row whose array is taken apart counted as one while it was rejected.
  set rows_read = r.rows_read + (v_put ->> 'rows')::bigint + (v_counts ->> 'filtered')::bigint - (v_counts ->> 'taken')::bigint,
    rows_rejected = r.rows_rejected - (v_counts ->> 'taken')::bigint, rows_filtered = r.rows_filtered + (v_counts ->> 'filtered')::bigint,
    rows_stored = r.rows_stored + (v_put ->> 'stored')::bigint, rows_updated = r.rows_updated + (v_put ->> 'updated')::bigint,
    rows_unchanged = r.rows_unchanged + (v_put ->> 'rows')::bigint - (v_put ->> 'stored')::bigint - (v_put ->> 'updated')::bigint,
    values_rescued = r.values_rescued + (v_counts ->> 'rescued')::bigint
  where r.workspace_id = p_workspace and r.import_id = p_import;
  perform spillway.add_import_counts(p_workspace, p_import, v_counts);
  perform spillway.count_rows(p_workspace, p_import);
  perform spillway.note_event(p_workspace, 'import.errors_retried', p_import::text, null,
    jsonb_build_object('stored', v_counts -> 'taken', 'refused', v_counts -> 'refused'));
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  return jsonb_build_object('stored', v_counts -> 'taken', 'refused', v_counts -> 'refused', 'errors', v_import.errors,
    'links', spillway.import_document(v_import) -> 'links');
end
$$;
comment on function spillway.retry_rows(integer, uuid, integer, text[], bigint[], text, bigint[], jsonb) is
  'stores rows that an import of a table rejected, mapped again. The first are as for ingest_rows, p_errors: of each row the error that it was; p_outcomes: of each error that was tried {id, filtered: how many rows of it no condition let pass, rescued: how many values of it}, or where it is rejected again {id, message, column}. {stored: errors that are none any more, refused, errors: how many are left}. SW409 while the import is active, where the errors or the dataset have changed since rows_to_retry, or its rows are not those that the dataset has, SW404 where there is none';
