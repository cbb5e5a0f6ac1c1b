create or replace function spillway.texts_of(p_list jsonb) returns text[]
language sql immutable parallel safe set search_path = ''
as $$
  select case when jsonb_typeof(p_list) = 'array' then array(select jsonb_array_elements_text(p_list)) end
$$;
comment on function spillway.texts_of(jsonb) is 'a JSON array of texts; null where there is none';
