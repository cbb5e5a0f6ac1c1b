-- One expression, in names that no search path changes: see utc_text. Not to_tsvector: its parser takes libssl-1.1.1 for a file and CVE-2021-44228 for a
-- word and two negative numbers, so whether a word is found would hang on its neighbours.
create or replace function spillway.words_of(p_prefix text, p_text text) returns text[]
language sql immutable parallel safe
as $$
  select pg_catalog.array_remove(pg_catalog.string_to_array(p_prefix || pg_catalog.replace(
    pg_catalog.lower(pg_catalog.translate(p_text, E'\t\n\r!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', pg_catalog.repeat(' ', 35))),
    ' ', E'\n' || p_prefix), E'\n'), p_prefix)
$$;
comment on function spillway.words_of(text, text) is
  'the words of a text in lower case, each behind a prefix: what stands between spaces and the punctuation of ASCII';
