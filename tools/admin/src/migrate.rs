//! Brings a database's schema to what `sql/` says.
//!
//! All that is pending is applied in one transaction: migrations in the order of their numbers, then the functions and the triggers. Each
//! migration is applied once, and recorded with its hash; one that was changed afterwards is an error. Functions and triggers are edited in
//! place: when one of their files or a table changed, all are created again, and those that no file creates any more are dropped. Roles and what
//! they may do are set every time: roles are the server's, and a database may have come from another.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use tokio_postgres::{Client, Transaction};

use crate::rights;

/// The advisory lock that keeps migrators apart: "spillway" in ASCII.
const LOCK: i64 = 0x7370_696c_6c77_6179;

/// The version under which the hash of the functions and triggers is recorded: migrations count from 1.
const FUNCTIONS: i32 = 0;

const BOOKKEEPING: &str = "
comment on schema spillway is 'Reports of security scanners: imports, and what was found where';
create table if not exists spillway.schema_migrations (
    version integer not null constraint schema_migrations_are_applied_once primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
comment on table spillway.schema_migrations is 'What the schema was made of. Version 0 stands for all functions and triggers together';
comment on column spillway.schema_migrations.version is 'Number at the start of the file''s name; 0 for the functions and triggers';
comment on column spillway.schema_migrations.name is 'Name of the file';
comment on column spillway.schema_migrations.sha256 is 'SHA-256 of what was applied, in hexadecimal digits';
comment on column spillway.schema_migrations.applied_at is 'When it was applied';
";

/// Triggers of the schema that this transaction did not create or replace, and then functions of which the same is true and that nothing
/// depends on.
const DROP_OLD_FUNCTIONS: &str = "
do $$
declare
    old_trigger record;
    old_function regprocedure;
begin
    for old_trigger in
        select t.tgname, t.tgrelid::regclass as of_table
        from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
        where c.relnamespace = 'spillway'::regnamespace and not t.tgisinternal and t.xmin <> pg_catalog.pg_current_xact_id()::xid
    loop
        execute pg_catalog.format('drop trigger %I on %s', old_trigger.tgname, old_trigger.of_table);
    end loop;
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

/// A file: its path in `sql/`, and its text.
type File<'a> = (&'a str, &'a str);

/// The files that make the schema, in the order of their paths.
struct Sql<'a> {
    migrations: &'a [File<'a>],
    functions: &'a [File<'a>],
    triggers: &'a [File<'a>],
    /// The roles, and then what they may do.
    rights: &'a [File<'a>],
}

/// What the build script found in the repository.
const SQL: Sql<'static> = include!(concat!(env!("OUT_DIR"), "/sql.rs"));

/// One file of `sql/migrations`.
#[derive(Debug)]
struct Migration<'a> {
    version: i32,
    name: &'a str,
    text: &'a str,
    sha256: String,
}

/// Applies what is pending of `sql/`, and gives the names of what it applied.
pub async fn migrate(client: &mut Client) -> Result<Vec<String>> {
    SQL.migrate(client).await
}

impl Sql<'_> {
    async fn migrate(&self, client: &mut Client) -> Result<Vec<String>> {
        let migrations = Migration::all(self.migrations)?;
        let functions = Functions::new(self.functions, self.triggers);
        let transaction = client.transaction().await?;
        transaction.execute("select pg_catalog.pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        transaction.batch_execute("set local client_min_messages = warning; set local check_function_bodies = off").await?;
        rights::make_schema(&transaction).await?;
        transaction.batch_execute(BOOKKEEPING).await.context("cannot create spillway.schema_migrations")?;
        let mut applied = apply_migrations(&transaction, &migrations).await?;
        if !applied.is_empty() || functions.changed(&transaction).await? {
            functions.apply(&transaction).await?;
            applied.push(format!("{} functions and triggers", functions.files.len()));
        }
        apply_files(&transaction, self.rights).await?;
        transaction.commit().await.context("the migration was rolled back")?;
        Ok(applied)
    }
}

async fn apply_migrations(transaction: &Transaction<'_>, migrations: &[Migration<'_>]) -> Result<Vec<String>> {
    let recorded = recorded(transaction).await?;
    if let Some((version, (name, _))) = recorded.last_key_value()
        && migrations.last().is_none_or(|newest| newest.version < *version)
    {
        bail!("the database is newer than this program: it has the migration {name}, which is not in its sql/migrations");
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
            applied.push(migration.name.to_owned());
        }
    }
    Ok(applied)
}

async fn apply_files(transaction: &Transaction<'_>, files: &[File<'_>]) -> Result<()> {
    for (path, text) in files {
        transaction.batch_execute(text).await.map_err(|error| sql_error(path, text, &error))?;
    }
    Ok(())
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

impl<'a> Migration<'a> {
    /// In the order of their numbers.
    fn all(files: &[File<'a>]) -> Result<Vec<Self>> {
        let mut migrations: Vec<Self> = Vec::new();
        for &(path, text) in files {
            let name = path.rsplit('/').next().unwrap_or(path);
            let number = name.split_once('_').and_then(|(number, _)| number.parse().ok()).filter(|version| *version > FUNCTIONS);
            let version: i32 = number.with_context(|| format!("sql/{path} should be named NNNN_<what>.sql"))?;
            if let Some(other) = migrations.iter().find(|other| other.version == version) {
                bail!("sql/migrations/{} and sql/{path} have the same number", other.name);
            }
            migrations.push(Self { version, name, text, sha256: hash([text]) });
        }
        migrations.sort_by_key(|migration| migration.version);
        Ok(migrations)
    }

    async fn apply(&self, transaction: &Transaction<'_>) -> Result<()> {
        let result = transaction.batch_execute(self.text).await;
        result.map_err(|error| sql_error(&format!("migrations/{}", self.name), self.text, &error))?;
        record(transaction, self.version, self.name, &self.sha256).await
    }
}

/// All files of `sql/functions`, then those of `sql/triggers`.
struct Functions<'a> {
    files: Vec<File<'a>>,
    sha256: String,
}

impl<'a> Functions<'a> {
    fn new(functions: &[File<'a>], triggers: &[File<'a>]) -> Self {
        let files = [functions, triggers].concat();
        Self { sha256: hash(files.iter().map(|(_, text)| *text)), files }
    }

    async fn changed(&self, transaction: &Transaction<'_>) -> Result<bool> {
        let statement = "select sha256 = $2 from spillway.schema_migrations where version = $1";
        let row = transaction.query_opt(statement, &[&FUNCTIONS, &self.sha256]).await?;
        Ok(!row.is_some_and(|row| row.get(0)))
    }

    async fn apply(&self, transaction: &Transaction<'_>) -> Result<()> {
        // What the migrations did is checked now, not by triggers that are about to be replaced.
        transaction.batch_execute("set constraints all immediate").await.context("the migrations leave a wrong state behind")?;
        apply_files(transaction, &self.files).await?;
        transaction.batch_execute(DROP_OLD_FUNCTIONS).await.context("cannot drop functions and triggers that no file makes any more")?;
        record(transaction, FUNCTIONS, "functions", &self.sha256).await
    }
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let hash = texts.into_iter().fold(Sha256::new(), |hash, text| hash.chain_update(text).chain_update([0]));
    hex::encode(hash.finalize())
}

/// What PostgreSQL says about a file, with the line that it speaks of.
fn sql_error(path: &str, text: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    let Some(error) = error.as_db_error() else { return anyhow::anyhow!("sql/{path}: {error}") };
    let line = match error.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(position)) => {
            let before: String = text.chars().take(*position as usize).collect();
            format!(":{}", before.lines().count())
        }
        _ => String::new(),
    };
    // Of what is wrong with rows (classes 22 and 23) the detail quotes them.
    let of_rows = ["22", "23"].iter().any(|class| error.code().code().starts_with(class));
    let more = [error.detail().filter(|_| !of_rows), error.hint(), error.where_()].into_iter().flatten().map(|text| format!("\n  {text}"));
    anyhow::anyhow!("sql/{path}{line}: {}{}", error.message(), more.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stack::postgres::Cluster;

    use super::*;

    const THINGS: File<'static> = ("migrations/0001_things.sql", "create table spillway.things (id integer primary key);");
    /// It calls what a later file creates.
    const A: File<'static> =
        ("functions/letters/a.sql", "create or replace function spillway.a() returns integer language sql as 'select spillway.b()';");
    const B: File<'static> =
        ("functions/letters/b.sql", "create or replace function spillway.b() returns integer language sql as 'select 2';");
    const KEPT: File<'static> = (
        "triggers/kept.sql",
        "create or replace function spillway.on_kept() returns trigger language plpgsql as 'begin return new; end';
        create or replace trigger kept before update on spillway.things for each row execute function spillway.on_kept();",
    );
    const GONE: File<'static> = (
        "triggers/gone.sql",
        "create or replace function spillway.on_gone() returns trigger language plpgsql as 'begin return new; end';
        create or replace trigger gone before update on spillway.things for each row execute function spillway.on_gone();",
    );

    const SQL: Sql<'static> = Sql { migrations: &[THINGS], functions: &[A, B], triggers: &[KEPT], rights: &[] };

    /// A database of its own.
    struct Database {
        client: Client,
        _cluster: Arc<Cluster>,
    }

    impl Database {
        async fn new(name: &str) -> Result<Self> {
            let cluster = Cluster::shared().await?;
            cluster.create_database(name).await?;
            Ok(Self { client: cluster.as_owner(name).connect().await?, _cluster: cluster })
        }

        async fn functions(&self) -> Result<Vec<String>> {
            self.names("select oid::regprocedure::text from pg_proc where pronamespace = 'spillway'::regnamespace order by 1").await
        }

        async fn triggers(&self) -> Result<Vec<String>> {
            self.names("select tgname::text from pg_trigger where tgrelid = 'spillway.things'::regclass order by 1").await
        }

        async fn names(&self, statement: &str) -> Result<Vec<String>> {
            Ok(self.client.query(statement, &[]).await?.iter().map(|row| row.get(0)).collect())
        }
    }

    #[test]
    fn the_files_of_the_repository_are_in_the_program() {
        let all = Migration::all(super::SQL.migrations).expect("their names are right");
        assert!(!all.is_empty() && !super::SQL.functions.is_empty() && !super::SQL.triggers.is_empty());
    }

    #[tokio::test]
    async fn what_is_pending_is_applied_once() -> Result<()> {
        let mut database = Database::new("pending").await?;
        assert_eq!(SQL.migrate(&mut database.client).await?, ["0001_things.sql", "3 functions and triggers"]);
        assert_eq!(SQL.migrate(&mut database.client).await?, [""; 0]);
        let more = Sql { migrations: &[THINGS, ("migrations/0002_more.sql", "alter table spillway.things add name text;")], ..SQL };
        assert_eq!(more.migrate(&mut database.client).await?, ["0002_more.sql", "3 functions and triggers"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_function_without_a_file_is_dropped() -> Result<()> {
        let mut database = Database::new("dropped").await?;
        SQL.migrate(&mut database.client).await?;
        let b = "create or replace function spillway.b(i integer default 1) returns integer language sql as 'select i';";
        let changed = Sql { functions: &[A, (B.0, b)], ..SQL };
        assert_eq!(changed.migrate(&mut database.client).await?, ["3 functions and triggers"]);
        assert_eq!(database.functions().await?, ["spillway.a()", "spillway.b(integer)", "spillway.on_kept()"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_trigger_without_a_file_is_dropped_with_its_function() -> Result<()> {
        let mut database = Database::new("dropped_trigger").await?;
        Sql { triggers: &[GONE, KEPT], ..SQL }.migrate(&mut database.client).await?;
        assert_eq!(database.triggers().await?, ["gone", "kept"]);
        SQL.migrate(&mut database.client).await?;
        assert_eq!(database.triggers().await?, ["kept"]);
        assert_eq!(database.functions().await?, ["spillway.a()", "spillway.b()", "spillway.on_kept()"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_changed_migration_is_an_error_that_names_it() -> Result<()> {
        let mut database = Database::new("changed").await?;
        SQL.migrate(&mut database.client).await?;
        let changed = Sql { migrations: &[(THINGS.0, "create table spillway.other (id integer);")], ..SQL };
        let error = changed.migrate(&mut database.client).await.expect_err("a changed migration").to_string();
        assert!(error.starts_with("sql/migrations/0001_things.sql is not what was applied"), "{error}");
        Ok(())
    }

    #[tokio::test]
    async fn a_database_that_is_newer_is_an_error() -> Result<()> {
        let mut database = Database::new("newer").await?;
        SQL.migrate(&mut database.client).await?;
        let error = Sql { migrations: &[], ..SQL }.migrate(&mut database.client).await.expect_err("an older program").to_string();
        assert!(error.starts_with("the database is newer than this program: it has the migration 0001_things.sql"), "{error}");
        Ok(())
    }

    #[tokio::test]
    async fn a_broken_file_changes_nothing_and_is_named_with_its_line() -> Result<()> {
        let mut database = Database::new("broken").await?;
        let broken = ("migrations/0002_broken.sql", "create table spillway.good ();\n\ncreate tabel spillway.bad ();");
        let error = Sql { migrations: &[THINGS, broken], ..SQL }.migrate(&mut database.client).await.expect_err("a broken migration");
        assert!(error.to_string().starts_with("sql/migrations/0002_broken.sql:3: syntax error"), "{error}");
        let nothing = database.client.query_one("select to_regnamespace('spillway') is null", &[]).await?;
        assert!(nothing.get::<_, bool>(0));
        Ok(())
    }

    #[tokio::test]
    async fn migrators_at_once_wait_for_each_other() -> Result<()> {
        let (mut first, mut second) = (Database::new("together").await?, Database::new("together").await?);
        let (one, two) = tokio::join!(SQL.migrate(&mut first.client), SQL.migrate(&mut second.client));
        let mut counts = [one?.len(), two?.len()];
        counts.sort_unstable();
        assert_eq!(counts, [0, 2]);
        Ok(())
    }
}
