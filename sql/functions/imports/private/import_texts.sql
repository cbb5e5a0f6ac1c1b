create or replace function spillway.import_texts(p_workspace integer, p_imports uuid[]) returns json
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return coalesce((
    select json_agg(spillway.import_text(i) order by i.id desc) from spillway.imports i where i.workspace_id = p_workspace and i.id = any (p_imports)), '[]');
end
$$;
comment on function spillway.import_texts(integer, uuid[]) is 'these imports as lists show them, newest first';
