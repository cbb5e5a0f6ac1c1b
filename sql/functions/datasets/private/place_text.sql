create or replace function spillway.place_text(p_generation integer, p_leaf regclass, p_place tid) returns text
language sql stable parallel safe set search_path = ''
as $$
  select jsonb_build_object('generation', p_generation, 'leaf', p_leaf::text, 'block', (p_place::text::point)[0]::bigint, 'item', (p_place::text::point)[1]::bigint)::text
$$;
comment on function spillway.place_text(integer, regclass, tid) is 'a place in a dataset without a key, as its pages say where the next begins: behind this row';
