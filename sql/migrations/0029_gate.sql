-- What an import of a report means for whoever waits for it to go on.

alter table spillway.imports add column gate jsonb;
comment on column spillway.imports.gate is 'findings by severity, as note_gate wrote them at the end; null before that, and of other imports than reports';
