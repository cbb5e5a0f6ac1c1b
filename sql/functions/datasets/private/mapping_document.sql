create or replace function spillway.mapping_document(m spillway.mappings) returns jsonb
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return jsonb_build_object('number', m.number, 'mapping', m.document, 'created_at', spillway.utc_text(m.created_at));
end
$$;
comment on function spillway.mapping_document(spillway.mappings) is 'a mapping as the API shows it';
