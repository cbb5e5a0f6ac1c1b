create or replace function spillway.later_attributes(p_known_imports jsonb, p_attributes jsonb, p_import uuid) returns jsonb
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  -- Ids of imports are UUIDs of version 7: as text, too, the later one is the greater.
  return (
    select coalesce(jsonb_object_agg(n.key, n.value), '{}')
    from jsonb_each(p_attributes) n
    where coalesce(p_known_imports ->> n.key, '') <= p_import::text
  );
end
$$;
comment on function spillway.later_attributes(jsonb, jsonb, uuid) is
  'those of the attributes that no newer import has told, p_known_imports naming for each attribute the newest that did';
