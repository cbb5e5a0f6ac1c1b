-- The app's roles have no rights on tables, but call functions that have their owner's. Should a right be given by mistake all the same, no row is seen
-- with it: only the owner passes row level security without a policy, and there is none.
do $$
declare
  v_table regclass;
begin
  for v_table in select c.oid from pg_catalog.pg_class c where c.relnamespace = 'spillway'::regnamespace and c.relkind in ('r', 'p') loop
    execute format('alter table %s enable row level security', v_table);
  end loop;
end
$$;
