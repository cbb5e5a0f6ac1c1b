create or replace function spillway.terms_of(f spillway.findings) returns text[]
language plpgsql stable parallel safe set search_path = ''
as $$
begin
  return spillway.words_of(f.workspace_id || ' ', concat_ws(' ', spillway.searched_text(f), f.tool, f.kind, array_to_string(f.cwes, ' ')));
end
$$;
comment on function spillway.terms_of(spillway.findings) is
  'the words by which an index leads to a finding, each behind its workspace: those of searched_text, and of tool, kind and weaknesses. Whether it passes a filter its columns say';
