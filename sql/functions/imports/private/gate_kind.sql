create or replace function spillway.gate_kind(p_seen_as text) returns text
language sql immutable parallel safe set search_path = ''
as $$ select case p_seen_as when 'new' then 'new' when 'reopened' then 'reopened' else 'known' end $$;
comment on function spillway.gate_kind(text) is 'under which name of a gate something counts that an import saw: see note_gate';
