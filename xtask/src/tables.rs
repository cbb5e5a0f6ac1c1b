//! `sql/tables.sql`: tables, types, indexes and constraints as they are after all migrations. Functions and triggers have files of their own.

use admin::random;
use anyhow::{Context as _, Result, ensure};
use stack::postgres::Cluster;
use stack::{paths, tool};

const FILE: &str = "sql/tables.sql";
const HEADER: &str =
    "-- The tables as they are after all migrations. Generated: `cargo xtask tables` writes it, CI fails on a difference.\n";

/// Leaves what can be read nowhere else. An error where a table needs a function: then that belongs here, too.
const DROP_FUNCTIONS: &str = "
do $$
declare
    a_trigger record;
    a_function regprocedure;
begin
    for a_trigger in
        select t.tgname, t.tgrelid::regclass as of_table
        from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
        where c.relnamespace = 'spillway'::regnamespace and not t.tgisinternal
    loop
        execute pg_catalog.format('drop trigger %I on %s', a_trigger.tgname, a_trigger.of_table);
    end loop;
    for a_function in select p.oid from pg_catalog.pg_proc p where p.pronamespace = 'spillway'::regnamespace
    loop
        execute 'drop routine ' || a_function;
    end loop;
end
$$;
";

/// Writes the file.
pub(crate) async fn write() -> Result<()> {
    let tables = dump().await?;
    std::fs::write(paths::root().join(FILE), tables).with_context(|| format!("cannot write {FILE}"))
}

/// An error when the file is not what [`write`] would write.
pub(crate) async fn check() -> Result<()> {
    let file = paths::read(&paths::root().join(FILE)).unwrap_or_default();
    let tables = dump().await?;
    let line = file.lines().zip(tables.lines()).position(|(file, tables)| file != tables);
    let line = line.unwrap_or_else(|| file.lines().count().min(tables.lines().count())) + 1;
    ensure!(file == tables, "{FILE} is not what the migrations make (line {line}): run `cargo xtask tables`");
    Ok(())
}

/// The tables of a new database.
async fn dump() -> Result<String> {
    let cluster = Cluster::shared().await?;
    let database = cluster.create_migrated(&format!("tables_{}", random::hex(4)?)).await?;
    let client = database.connect().await?;
    client.batch_execute(DROP_FUNCTIONS).await.context("a table or type needs a function")?;
    let mut command = tool::command(cluster.binaries().program("pg_dump"));
    command.args(["--schema-only", "--schema=spillway", "--no-owner", "--no-privileges", "--dbname"]);
    command.arg(database.url_without_password()).env("PGPASSWORD", &database.password);
    Ok(normal(&tool::output(&mut command).await?))
}

/// Without what depends on the versions and settings of the two programs.
fn normal(dump: &str) -> String {
    let noise = |line: &&str| {
        ["SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict", "--"].iter().any(|start| line.starts_with(start))
    };
    let mut text = HEADER.to_owned();
    let mut after_blank = false;
    for line in dump.lines().filter(|line| !noise(line)) {
        if line.trim().is_empty() {
            after_blank = true;
            continue;
        }
        if std::mem::take(&mut after_blank) {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_versions_is_left_out() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n\n-- Dumped from database version 15.18\n\nSET timeout = 0;\n\n\
            CREATE SCHEMA spillway;\n\n\n--\n-- Name: things\n--\n\nCREATE TABLE spillway.things (\n    id integer\n);\n\n\\unrestrict x\n\n";
        let schema = "CREATE SCHEMA spillway;\n\nCREATE TABLE spillway.things (\n    id integer\n);\n";
        assert_eq!(normal(dump), format!("{HEADER}\n{schema}"));
    }
}
