//! `sql/schema.sql`: the schema as one file to read, made from the migrations and functions.

use admin::{migrate, random};
use anyhow::{Context as _, Result, ensure};
use stack::postgres::Cluster;
use stack::{paths, tool};

const FILE: &str = "sql/schema.sql";
const HEADER: &str = "-- The schema as it is after all migrations. Generated: `cargo xtask schema` writes it, CI fails on a difference.\n";

/// Writes the file.
pub(crate) async fn write() -> Result<()> {
    let schema = dump().await?;
    std::fs::write(paths::root().join(FILE), schema).with_context(|| format!("cannot write {FILE}"))
}

/// An error when the file is not what [`write`] would write.
pub(crate) async fn check() -> Result<()> {
    let file = paths::read(&paths::root().join(FILE)).unwrap_or_default();
    let schema = dump().await?;
    let line = file.lines().zip(schema.lines()).position(|(file, schema)| file != schema);
    let line = line.unwrap_or_else(|| file.lines().count().min(schema.lines().count())) + 1;
    ensure!(file == schema, "{FILE} is not what the migrations and functions make (line {line}): run `cargo xtask schema`");
    Ok(())
}

/// The schema of a new database.
async fn dump() -> Result<String> {
    let cluster = Cluster::shared().await?;
    let database = cluster.create_database(&format!("schema_{}", random::hex(4)?)).await?;
    migrate::migrate(&mut database.connect().await?).await?;
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
