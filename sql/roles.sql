-- Who uses the database beside its owner, who migrates it; and how long a statement of theirs may take here. Roles are the server's: all of its databases
-- have the same, and whoever is migrated first makes them. They can log in once they have a password (`spillway-admin set-password`).
--
-- statement: api and drain have to end an import that closes millions of findings (100,000 take 5 s). lock: that long they wait for who does so.
-- idle: nobody begins a transaction that outlasts a statement, so whoever stands in one is no more.
do $$
declare
  v_role record;
  v_setting text;
  v_statement text;
begin
  for v_role in
    select * from (values
      ('spillway_api', '15min', '10min', '1min', 'Spillway: the component imports'),
      ('spillway_read', '10s', '5s', '1min', 'Spillway: the components status and findings, which people wait for; marks and decisions are theirs, too'),
      ('spillway_access', '10s', '5s', '1min', 'Spillway: the component access, which makes keys'),
      ('spillway_drain', '15min', '10min', '1min', 'Spillway: the components drain and tick'),
      ('spillway_admin', '1min', '10s', '1min', 'Spillway: an operator, with spillway-admin')
    ) as r (name, statement_timeout, lock_timeout, idle_in_transaction_session_timeout, about)
  loop
    begin
      if to_regrole(v_role.name) is null then
        v_statement := format('create role %I', v_role.name);
        execute v_statement;
        execute format('comment on role %I is %L', v_role.name, v_role.about);
      end if;
    exception when duplicate_object or unique_violation then
      -- Another database of the server was quicker.
      null;
    end;
    for v_setting in
      select format('%s=%s', s.key, s.value) from jsonb_each_text(to_jsonb(v_role)) s where s.key like '%\_timeout'
      except
      select unnest(s.setconfig) from pg_catalog.pg_db_role_setting s
      where s.setrole = to_regrole(v_role.name) and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
    loop
      v_statement := format('alter role %I in database %I set %I = %L',
        v_role.name, current_database(), split_part(v_setting, '=', 1), split_part(v_setting, '=', 2));
      execute v_statement;
    end loop;
  end loop;
exception when insufficient_privilege then
  raise exception using errcode = 'insufficient_privilege',
    message = format('the user %s lacks the right to make the roles of the app, and to limit their time', current_user),
    hint = format('let a superuser run: alter role %I createrole%s', current_user,
      case when v_role.name is null or to_regrole(v_role.name) is null then ''
        else format('; grant %I to %I with admin option', v_role.name, current_user) end)
      || E'\n  What failed, which somebody else may run instead: ' || v_statement;
end
$$;
