create or replace function spillway.add_counts(p_one jsonb, p_other jsonb) returns jsonb
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(key, case
        when jsonb_typeof(coalesce(a.value, b.value)) = 'object' then spillway.add_counts(coalesce(a.value, '{}'), coalesce(b.value, '{}'))
        else to_jsonb(coalesce(a.value::text::bigint, 0) + coalesce(b.value::text::bigint, 0)) end), '{}')
    from jsonb_each(p_one) a full join jsonb_each(p_other) b using (key)
  );
end
$$;
comment on function spillway.add_counts(jsonb, jsonb) is 'two documents of counts added up, number by number';
