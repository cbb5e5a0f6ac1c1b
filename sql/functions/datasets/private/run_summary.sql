create or replace function spillway.run_summary(i spillway.imports) returns text
language plpgsql stable set search_path = ''
as $$
declare
  r spillway.runs;
begin
  select * into r from spillway.runs where workspace_id = i.workspace_id and import_id = i.id;
  return format('%s: %s rows stored, %s updated, %s unchanged, %s filtered, %s rejected', i.file_name, r.rows_stored, r.rows_updated, r.rows_unchanged,
    r.rows_filtered, r.rows_rejected);
end
$$;
comment on function spillway.run_summary(spillway.imports) is 'what became of the rows of an import of a table, in a sentence';
