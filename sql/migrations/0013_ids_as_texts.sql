-- It took an array of texts for each column of ids. One text is less for the host to take apart and to put together, and the database takes it apart as
-- fast (0.25 us an id, PostgreSQL 15) as it casts an array of texts (0.22 us) that it has read from the wire.
drop function if exists spillway.occurrences_of(
  text[], text[], text[], text[], integer[], text[], text[], text[], text[], text[], bigint[], text[], bigint[], bigint[]);
