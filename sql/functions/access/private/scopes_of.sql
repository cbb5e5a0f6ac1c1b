create or replace function spillway.scopes_of(p_scopes jsonb) returns spillway.key_scope[]
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  return array(select jsonb_array_elements_text(p_scopes))::spillway.key_scope[];
end
$$;
comment on function spillway.scopes_of(jsonb) is 'the scopes of a document''s list';
