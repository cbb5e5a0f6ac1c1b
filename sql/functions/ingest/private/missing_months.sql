create or replace function spillway.missing_months(p_run spillway.runs, p_columns text[]) returns date[]
language plpgsql stable set search_path = ''
as $$
declare
  v_column spillway.dataset_columns;
  v_months date[];
begin
  select c.* into v_column
  from spillway.datasets d join spillway.dataset_columns c on c.workspace_id = d.workspace_id and c.dataset_id = d.id and c.name = d.partition_column
  where d.workspace_id = p_run.workspace_id and d.id = p_run.dataset_id;
  if not found then
    return array[date_trunc('month', timezone('UTC', now()))::date];
  end if;
  execute format('select array_agg(distinct date_trunc(''month'', %s)::date) from unnest($1::%s[]) as v',
    case when v_column.type = 'timestamptz' then 'timezone(''UTC'', v)' else 'v' end, v_column.type)
  into v_months using p_columns[v_column.ordinal];
  return array(
    select m from unnest(v_months) m
    except
    select p.starts_on from spillway.partitions p
    where p.workspace_id = p_run.workspace_id and p.dataset_id = p_run.dataset_id and p.generation = p_run.generation
    order by 1);
end
$$;
comment on function spillway.missing_months(spillway.runs, text[]) is 'months, by their first days, of which a batch has rows and the dataset no partition';
