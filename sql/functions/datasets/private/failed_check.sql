create or replace function spillway.failed_check(p_run spillway.runs, p_dataset spillway.datasets) returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_table text := spillway.data_table(p_run.dataset_id, p_run.generation);
  v_rows bigint := p_run.rows_stored + p_run.rows_updated + p_run.rows_unchanged;
  v_check jsonb;
  v_found text;
  v_other spillway.datasets;
begin
  for v_check in
    select c from spillway.mappings m cross join lateral jsonb_array_elements(coalesce(m.document -> 'checks', '[]')) c
    where m.workspace_id = p_run.workspace_id and m.dataset_id = p_run.dataset_id and m.number = p_run.mapping_number
  loop
    if v_check ? 'rows' and (v_rows < (v_check #>> '{rows,min}')::bigint or v_rows > (v_check #>> '{rows,max}')::bigint) then
      return format('the file has %s rows for the dataset, it is to have %s to %s', v_rows, coalesce(v_check #>> '{rows,min}', '0'),
        coalesce(v_check #>> '{rows,max}', 'any number'));
    elsif v_check ? 'not_null' then
      execute format('select min(c) from (select c from %s t cross join lateral (values %s) as v (c, is_null) where t._run = %s and v.is_null limit 1) as f',
        v_table, (select string_agg(format('(%L, t.%I is null)', c, c), ', ') from jsonb_array_elements_text(v_check -> 'not_null') c), p_run.run)
      into v_found;
      if v_found is not null then
        return format('the column %s has rows without a value', v_found);
      end if;
    elsif v_check ? 'sum' then
      execute format('select sum(t.%I)::text from %s t where t._run = %s', v_check #>> '{sum,column}', v_table, p_run.run) into v_found;
      if (v_found::numeric = (v_check #>> '{sum,equals}')::numeric) is not true then
        return format('the sum of the column %s is %s, it is to be %s', v_check #>> '{sum,column}', coalesce(v_found, 'none'), v_check #>> '{sum,equals}');
      end if;
    elsif v_check ? 'unique' then
      execute format('select count(*)::text from (select from %1$s t where t._run = %2$s group by %3$s having count(*) > 1 limit 1) as f', v_table, p_run.run,
        (select string_agg(format('t.%I', c), ', ') from jsonb_array_elements_text(v_check -> 'unique') c)) into v_found;
      if v_found <> '0' then
        return format('several rows have the same value of %s', (select string_agg(c, ', ') from jsonb_array_elements_text(v_check -> 'unique') c));
      end if;
    elsif v_check ? 'references' then
      v_other := spillway.dataset_named(p_run.workspace_id, v_check #>> '{references,dataset}');
      execute format('select min(f.v::text) from (select t.%1$I as v from %2$s t where t._run = %3$s and t.%1$I is not null and not exists (select from %4$s o where o.%5$I = t.%1$I) limit 1) as f',
        v_check #>> '{references,column}', v_table, p_run.run, spillway.data_table(v_other.id, v_other.generation), v_check #>> '{references,to}') into v_found;
      if v_found is not null then
        return format('the column %s has values that the column %s of the dataset %s does not have', v_check #>> '{references,column}',
          v_check #>> '{references,to}', v_other.name);
      end if;
    end if;
  end loop;
  return null;
exception when undefined_column or undefined_function or invalid_text_representation then
  return 'a check of the mapping is of a column that is not there, or of another type: ' || sqlerrm;
end
$$;
comment on function spillway.failed_check(spillway.runs, spillway.datasets) is 'which of its mapping''s checks an import of a table does not pass, for people; null where it passes all';
