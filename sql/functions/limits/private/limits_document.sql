create or replace function spillway.limits_document(p_limits spillway.plans) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return to_jsonb(p_limits) - 'name';
end
$$;
comment on function spillway.limits_document(spillway.plans) is 'limits as the API and operators see and set them, by the names of the columns';
