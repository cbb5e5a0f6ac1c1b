create or replace function spillway.forget_leftovers(p_ids jsonb) returns integer
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_count integer;
begin
  -- In one order: two drains may have claimed the same.
  with removed as materialized (
    select u.workspace_id, u.id from spillway.uploads u
    where u.id in (select i::uuid from jsonb_array_elements_text(p_ids) i) and u.abandoned_at is not null
    order by u.id
    for update
  )
  delete from spillway.uploads u using removed r where u.workspace_id = r.workspace_id and u.id = r.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function spillway.forget_leftovers(jsonb) is 'notes that the store holds nothing any more of these leftovers [id]; gives how many there were';
