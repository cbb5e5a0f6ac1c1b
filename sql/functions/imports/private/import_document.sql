create or replace function spillway.import_document(i spillway.imports) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return spillway.import_text(i)::jsonb;
end
$$;
comment on function spillway.import_document(spillway.imports) is 'an import as the API shows it; links are paths of the same host';
