//! What whoever migrates has to be allowed. It need be no superuser: to own the schema is enough, and to make roles.

use anyhow::{Context as _, Result, bail};
use tokio_postgres::Transaction;

/// Who migrates what, and whether that can be: names are quoted as statements take them.
const STATE: &str = "
select pg_catalog.quote_ident(current_user) as role, pg_catalog.quote_ident(current_database()) as database,
    n.oid is not null as has_schema,
    pg_catalog.has_database_privilege(current_database(), 'create') as may_create,
    (select pg_catalog.quote_ident(r.rolname) from pg_catalog.pg_roles r
        where not pg_catalog.pg_has_role(r.oid, 'usage')
            and (r.oid = n.nspowner
                or exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relowner = r.oid)
                or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proowner = r.oid))
        order by r.oid = n.nspowner desc limit 1) as other_owner
from (select) as one left join pg_catalog.pg_namespace n on n.nspname = 'spillway'";

/// Makes the schema where there is none. An error says which right is missing, and the statement that gives it.
pub(crate) async fn make_schema(transaction: &Transaction<'_>) -> Result<()> {
    let state = transaction.query_one(STATE, &[]).await.context("cannot ask for the rights of who migrates")?;
    let (role, database): (&str, &str) = (state.get("role"), state.get("database"));
    if let Some(owner) = state.get::<_, Option<&str>>("other_owner") {
        bail!(
            "the schema spillway, or something in it, belongs to {owner}, and {role} has not the rights of {owner}: \
            migrate as {owner}, or let a superuser run: grant {owner} to {role}"
        );
    }
    if state.get("has_schema") {
        return Ok(());
    }
    if !state.get::<_, bool>("may_create") {
        bail!(
            "the user {role} may make no schema in the database {database}: \
            let the database's owner or a superuser run: alter database {database} owner to {role}"
        );
    }
    transaction.batch_execute("create schema spillway").await.context("cannot create the schema spillway")
}

#[cfg(test)]
mod tests {
    use stack::postgres::Cluster;

    use super::*;
    use crate::{Database, migrate};

    /// The database of a superuser's client, for a new user.
    async fn user(cluster: &Cluster, superuser: &tokio_postgres::Client, user: &str, rights: &str) -> Result<Database> {
        superuser.batch_execute(&format!("create role \"{user}\" login password 'weak' {rights}")).await?;
        let name: String = superuser.query_one("select current_database()::text", &[]).await?.get(0);
        let port = cluster.database(&name).port;
        Database::from_url(&format!("postgres://{user}:weak@127.0.0.1:{port}/{name}"))
    }

    /// Migrates as a user of no rights, who gets those whose lack is told, statement by statement.
    async fn earn(cluster: &Cluster, name: &str) -> Result<Vec<String>> {
        let client = cluster.create_database(name).await?.connect().await?;
        let user = user(cluster, &client, name, "").await?;
        let mut earned = Vec::new();
        loop {
            let Err(error) = migrate::migrate(&mut user.connect().await?).await else { return Ok(earned) };
            let told = error.to_string();
            let Some((_, statement)) = told.split_once("superuser run: ") else { bail!("no statement: {told}") };
            let statement = statement.lines().next().unwrap_or_default();
            anyhow::ensure!(!earned.iter().any(|known| known == statement), "it did not help: {told}");
            client.batch_execute(statement).await.with_context(|| statement.to_owned())?;
            earned.push(statement.to_owned());
        }
    }

    #[tokio::test]
    async fn who_lacks_a_right_is_told_the_statement_that_gives_it() -> Result<()> {
        let cluster = Cluster::start_temporary().await?;
        let first = earn(&cluster, "First").await?;
        assert_eq!(first, [r#"alter database "First" owner to "First""#, r#"alter role "First" createrole"#]);
        // The roles are there by now.
        let second = earn(&cluster, "second").await?;
        let roles = "alter role second createrole; grant spillway_api to second with admin option";
        assert_eq!(second, ["alter database second owner to second", roles]);
        Ok(())
    }

    #[tokio::test]
    async fn a_schema_of_somebody_else_is_told() -> Result<()> {
        let cluster = Cluster::start_temporary().await?;
        let client = cluster.create_migrated("theirs").await?.connect().await?;
        let ann = user(&cluster, &client, "ann", "createrole").await?;
        let error = migrate::migrate(&mut ann.connect().await?).await.expect_err("it is not hers").to_string();
        assert!(error.contains("belongs to spillway_owner") && error.ends_with("grant spillway_owner to ann"), "{error}");
        Ok(())
    }
}
