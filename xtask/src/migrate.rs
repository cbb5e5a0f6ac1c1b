//! Brings a database's schema to what `sql/` says.
//!
//! All that is pending is applied in one transaction: migrations in the order of their numbers, then the functions. Each migration is
//! applied once, and recorded with its hash; one that was changed afterwards is an error. Functions are edited in place: when one
//! of their files or a table changed, all are created again, and those that no file creates any more are dropped.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, Transaction};

use crate::paths;

/// The advisory lock that keeps migrators apart: "spillway" in ASCII.
const LOCK: i64 = 0x7370_696c_6c77_6179;

/// The version under which the functions' hash is recorded: migrations count from 1.
const FUNCTIONS: i32 = 0;

const BOOKKEEPING: &str = "
create schema if not exists spillway;
comment on schema spillway is 'Reports of security scanners: imports, and what was found where';
create table if not exists spillway.schema_migrations (
    version integer not null constraint schema_migrations_are_applied_once primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
comment on table spillway.schema_migrations is 'What the schema was made of. Version 0 stands for all functions together';
comment on column spillway.schema_migrations.version is 'Number at the start of the file''s name; 0 for the functions';
comment on column spillway.schema_migrations.name is 'Name of the file';
comment on column spillway.schema_migrations.sha256 is 'SHA-256 of what was applied, in hexadecimal digits';
comment on column spillway.schema_migrations.applied_at is 'When it was applied';
";

/// Functions of the schema that this transaction did not create or replace, and that nothing depends on.
const DROP_OLD_FUNCTIONS: &str = "
do $$
declare
    old_function regprocedure;
begin
    for old_function in
        select p.oid
        from pg_catalog.pg_proc p
        where p.pronamespace = 'spillway'::regnamespace
            and p.xmin <> pg_catalog.pg_current_xact_id()::xid
            and not exists (
                select from pg_catalog.pg_depend d
                where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = p.oid
                    or d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
            )
    loop
        execute 'drop routine ' || old_function;
    end loop;
end
$$;
";

/// One file of `sql/migrations`.
#[derive(Debug)]
struct Migration {
    version: i32,
    name: String,
    text: String,
    sha256: String,
}

/// Applies what is pending of the repository's `sql/`, and gives the names of what it applied.
pub async fn migrate(client: &mut Client) -> Result<Vec<String>> {
    migrate_from(client, &paths::root().join("sql")).await
}

/// The same from a folder with `migrations` and `functions`.
async fn migrate_from(client: &mut Client, sql: &Path) -> Result<Vec<String>> {
    let migrations = read_migrations(&sql.join("migrations"))?;
    let functions = read_functions(&sql.join("functions"))?;
    let transaction = client.transaction().await?;
    transaction.execute("select pg_catalog.pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute("set local client_min_messages = warning; set local check_function_bodies = off").await?;
    transaction.batch_execute(BOOKKEEPING).await.context("cannot create spillway.schema_migrations")?;
    let mut applied = apply_migrations(&transaction, &migrations).await?;
    if !applied.is_empty() || functions.changed(&transaction).await? {
        functions.apply(&transaction).await?;
        applied.push(format!("{} functions", functions.files.len()));
    }
    transaction.commit().await.context("the migration was rolled back")?;
    Ok(applied)
}

async fn apply_migrations(transaction: &Transaction<'_>, migrations: &[Migration]) -> Result<Vec<String>> {
    let recorded = recorded(transaction).await?;
    if let Some((version, (name, _))) = recorded.last_key_value()
        && migrations.last().is_none_or(|newest| newest.version < *version)
    {
        bail!("the database is newer than this checkout: it has the migration {name}, which is not in sql/migrations");
    }
    let mut applied = Vec::new();
    for migration in migrations {
        if let Some((name, sha256)) = recorded.get(&migration.version) {
            ensure!(
                *sha256 == migration.sha256,
                "sql/migrations/{} is not what was applied to this database (as {name}): write a new migration instead of changing this one",
                migration.name,
            );
        } else {
            migration.apply(transaction).await?;
            applied.push(migration.name.clone());
        }
    }
    Ok(applied)
}

async fn recorded(transaction: &Transaction<'_>) -> Result<BTreeMap<i32, (String, String)>> {
    let rows = transaction.query("select version, name, sha256 from spillway.schema_migrations where version > $1", &[&FUNCTIONS]).await?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

async fn record(transaction: &Transaction<'_>, version: i32, name: &str, sha256: &str) -> Result<()> {
    let statement = "insert into spillway.schema_migrations (version, name, sha256) values ($1, $2, $3) \
        on conflict (version) do update set sha256 = excluded.sha256, applied_at = excluded.applied_at";
    transaction.execute(statement, &[&version, &name, &sha256]).await?;
    Ok(())
}

impl Migration {
    async fn apply(&self, transaction: &Transaction<'_>) -> Result<()> {
        let result = transaction.batch_execute(&self.text).await;
        result.map_err(|error| sql_error(&format!("sql/migrations/{}", self.name), &self.text, &error))?;
        record(transaction, self.version, &self.name, &self.sha256).await
    }
}

/// All files of `sql/functions`: name and text.
struct Functions {
    files: Vec<(String, String)>,
    sha256: String,
}

impl Functions {
    async fn changed(&self, transaction: &Transaction<'_>) -> Result<bool> {
        let statement = "select sha256 = $2 from spillway.schema_migrations where version = $1";
        let row = transaction.query_opt(statement, &[&FUNCTIONS, &self.sha256]).await?;
        Ok(!row.is_some_and(|row| row.get(0)))
    }

    async fn apply(&self, transaction: &Transaction<'_>) -> Result<()> {
        for (name, text) in &self.files {
            let result = transaction.batch_execute(text).await;
            result.map_err(|error| sql_error(&format!("sql/functions/{name}"), text, &error))?;
        }
        transaction.batch_execute(DROP_OLD_FUNCTIONS).await.context("cannot drop functions that are no longer in sql/functions")?;
        record(transaction, FUNCTIONS, "functions", &self.sha256).await
    }
}

fn read_migrations(dir: &Path) -> Result<Vec<Migration>> {
    let mut migrations: Vec<Migration> = Vec::new();
    for file in paths::sql_files(dir)? {
        let name = file_name(&file);
        let number = name.split_once('_').and_then(|(number, _)| number.parse().ok()).filter(|version| *version > FUNCTIONS);
        let version: i32 = number.with_context(|| format!("sql/migrations/{name} should be named NNNN_<what>.sql"))?;
        if let Some(other) = migrations.iter().find(|other| other.version == version) {
            bail!("sql/migrations/{} and sql/migrations/{name} have the same number", other.name);
        }
        let text = paths::read(&file)?;
        migrations.push(Migration { version, name, sha256: hash([text.as_str()]), text });
    }
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

fn read_functions(dir: &Path) -> Result<Functions> {
    let mut files = Vec::new();
    for file in paths::sql_files(dir)? {
        files.push((file_name(&file), paths::read(&file)?));
    }
    let sha256 = hash(files.iter().map(|(_, text)| text.as_str()));
    Ok(Functions { files, sha256 })
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let hash = texts.into_iter().fold(Sha256::new(), |hash, text| hash.chain_update(text).chain_update([0]));
    hex::encode(hash.finalize())
}

/// What PostgreSQL says about a file, with the line that it speaks of.
fn sql_error(file: &str, text: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    let Some(error) = error.as_db_error() else { return anyhow::anyhow!("{file}: {error}") };
    let line = match error.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(position)) => {
            let before: String = text.chars().take(*position as usize).collect();
            format!(":{}", before.lines().count())
        }
        _ => String::new(),
    };
    let more = [error.detail(), error.hint(), error.where_()].into_iter().flatten().map(|text| format!("\n  {text}"));
    anyhow::anyhow!("{file}{line}: {}{}", error.message(), more.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::paths::TemporaryDir;
    use crate::postgres::{Cluster, Database};

    struct Sql {
        dir: TemporaryDir,
        database: Database,
        _cluster: std::sync::Arc<Cluster>,
    }

    impl Sql {
        async fn new(name: &str) -> Result<Self> {
            let cluster = Cluster::shared().await?;
            let sql = Self { dir: TemporaryDir::new(name)?, database: cluster.create_database(name).await?, _cluster: cluster };
            for folder in ["migrations", "functions"] {
                paths::create_dir(&sql.dir.path().join(folder))?;
            }
            sql.write("migrations/0001_things.sql", "create table spillway.things (id integer primary key);")?;
            sql.write("functions/b.sql", "create or replace function spillway.b() returns integer language sql as 'select 2';")?;
            // It calls what a later file creates.
            sql.write("functions/a.sql", "create or replace function spillway.a() returns integer language sql as 'select spillway.b()';")?;
            Ok(sql)
        }

        fn write(&self, file: &str, text: &str) -> Result<()> {
            fs::write(self.dir.path().join(file), text).map_err(Into::into)
        }

        async fn migrate(&self) -> Result<Vec<String>> {
            migrate_from(&mut self.database.connect().await?, self.dir.path()).await
        }

        async fn functions(&self) -> Result<Vec<String>> {
            let statement = "select oid::regprocedure::text from pg_proc where pronamespace = 'spillway'::regnamespace order by 1";
            let rows = self.database.connect().await?.query(statement, &[]).await?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        }
    }

    #[tokio::test]
    async fn what_is_pending_is_applied_once() -> Result<()> {
        let sql = Sql::new("pending").await?;
        assert_eq!(sql.migrate().await?, ["0001_things.sql", "2 functions"]);
        assert_eq!(sql.migrate().await?, [""; 0]);
        sql.write("migrations/0002_more.sql", "alter table spillway.things add name text;")?;
        assert_eq!(sql.migrate().await?, ["0002_more.sql", "2 functions"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_function_without_a_file_is_dropped() -> Result<()> {
        let sql = Sql::new("dropped").await?;
        sql.migrate().await?;
        sql.write(
            "functions/b.sql",
            "create or replace function spillway.b(i integer default 1) returns integer language sql as 'select i';",
        )?;
        assert_eq!(sql.migrate().await?, ["2 functions"]);
        assert_eq!(sql.functions().await?, ["spillway.a()", "spillway.b(integer)"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_changed_migration_is_an_error_that_names_it() -> Result<()> {
        let sql = Sql::new("changed").await?;
        sql.migrate().await?;
        sql.write("migrations/0001_things.sql", "create table spillway.other (id integer);")?;
        let error = sql.migrate().await.expect_err("a changed migration").to_string();
        assert!(error.starts_with("sql/migrations/0001_things.sql is not what was applied"), "{error}");
        Ok(())
    }

    #[tokio::test]
    async fn a_broken_file_changes_nothing_and_is_named_with_its_line() -> Result<()> {
        let sql = Sql::new("broken").await?;
        sql.write("migrations/0002_broken.sql", "create table spillway.good ();\n\ncreate tabel spillway.bad ();")?;
        let error = sql.migrate().await.expect_err("a broken migration").to_string();
        assert!(error.starts_with("sql/migrations/0002_broken.sql:3: syntax error"), "{error}");
        let nothing = sql.database.connect().await?.query_one("select to_regnamespace('spillway') is null", &[]).await?;
        assert!(nothing.get::<_, bool>(0));
        Ok(())
    }

    #[tokio::test]
    async fn migrators_at_once_wait_for_each_other() -> Result<()> {
        let sql = Sql::new("together").await?;
        let (one, two) = tokio::join!(sql.migrate(), sql.migrate());
        let mut counts = [one?.len(), two?.len()];
        counts.sort_unstable();
        assert_eq!(counts, [0, 2]);
        Ok(())
    }
}
