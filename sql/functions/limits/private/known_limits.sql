create or replace function spillway.known_limits(p_limits jsonb) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_known jsonb := spillway.limits_document(jsonb_populate_record(null::spillway.plans, '{}'));
  v_unknown text := (select min(k) from jsonb_object_keys(p_limits) k where not v_known ? k);
begin
  if v_unknown is not null then
    raise exception using errcode = 'SW422', message = format('there is no limit of the name %s; there are: %s', v_unknown,
      (select string_agg(k, ', ' order by k) from jsonb_object_keys(v_known) k));
  end if;
  return p_limits;
end
$$;
comment on function spillway.known_limits(jsonb) is 'limits by the names of the columns of plans, as given; SW422 where there is one of another name';
