create or replace function spillway.check_dataset(d spillway.datasets) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_columns jsonb := (
    select jsonb_object_agg(c.name, c.type) from spillway.dataset_columns c where c.workspace_id = d.workspace_id and c.dataset_id = d.id);
  v_unknown text := (
    select min(k) from (
      select unnest(d.key) union all select d.partition_column
      union all select jsonb_array_elements_text(i -> 'columns') from jsonb_array_elements(d.indexes) i
    ) as k (k) where k is not null and not v_columns ? k);
begin
  if v_unknown is not null then
    raise exception using errcode = 'SW422', message = format('the key, partitions and indexes are of columns of the dataset, and there is none of the name %s', left(v_unknown, 100));
  end if;
  if (select count(*) from unnest(d.key) k) <> (select count(distinct k) from unnest(d.key) k) then
    raise exception using errcode = 'SW422', message = 'a key has each column once';
  end if;
  if exists (select from unnest(d.key) k where v_columns ->> k in ('jsonb', 'float8', 'bytea')) then
    raise exception using errcode = 'SW422', message = 'columns of a key cannot be jsonb, float8 or bytea: their values are not told apart by what is written';
  end if;
  if v_columns ->> d.partition_column not in ('date', 'timestamp', 'timestamptz') then
    raise exception using errcode = 'SW422', message = 'months are those of a column that is date, timestamp or timestamptz';
  end if;
  if jsonb_array_length(d.indexes) > 16 or exists (
    select from jsonb_array_elements(d.indexes) i
    where i ->> 'kind' not in ('btree', 'brin') or jsonb_array_length(i -> 'columns') not between 1 and 8
      or exists (select from jsonb_array_elements_text(i -> 'columns') c where v_columns ->> c in ('jsonb', 'boolean') and i ->> 'kind' = 'brin')
  ) then
    raise exception using errcode = 'SW422', message = 'a dataset has at most 16 indexes, each of kind btree or brin, of 1 to 8 columns; brin not of jsonb or boolean';
  end if;
end
$$;
comment on function spillway.check_dataset(spillway.datasets) is 'SW422 where the key, the partitions or the indexes of a dataset do not fit its columns';
