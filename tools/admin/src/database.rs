//! Where a database is, and how it is reached.

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use texts::said_by_database;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::DbError;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where a database is, and who is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The user's password, perhaps empty.
    pub password: String,
    /// Whether TLS is used where the server offers it, demanded, or not used.
    pub sslmode: SslMode,
    /// The certificate (PEM) of the authority that the server's is from, where the system does not know it.
    pub authority: Option<String>,
}

/// Names the database in the environment, with its password.
const URL: &str = "DATABASE_URL";
/// The password in the environment, as for PostgreSQL's own tools.
const PASSWORD: &str = "PGPASSWORD";
/// Names the file with [`Database::authority`] in the environment, as for PostgreSQL's own tools.
const AUTHORITY: &str = "PGSSLROOTCERT";

/// The name by which the database knows the connections of all tools: those of the app have none.
pub const APPLICATION_NAME: &str = "spillway-tools";

impl Database {
    /// The one that an operator names: by an argument, which holds no password, or else by `DATABASE_URL` in the environment.
    pub fn named(argument: Option<&str>) -> Result<Option<Self>> {
        let variable = std::env::var(URL).ok();
        let Some(url) = argument.or(variable.as_deref()) else { return Ok(None) };
        let mut database = Self::from_url(url)?;
        ensure!(
            argument.is_none() || database.password.is_empty(),
            "the password does not belong into an argument, which other users of the machine can read: give it as {PASSWORD}, or the whole URL as {URL}, in the environment"
        );
        if database.password.is_empty() {
            database.password = std::env::var(PASSWORD).unwrap_or_default();
        }
        Ok(Some(database))
    }

    /// Reads `postgres://user:password@host:port/name`, perhaps with `?sslmode=require`.
    pub fn from_url(url: &str) -> Result<Self> {
        let config: tokio_postgres::Config = url.parse().context("the database's URL should be postgres://user:password@host:port/name")?;
        let host = match config.get_hosts() {
            [tokio_postgres::config::Host::Tcp(host)] => host.clone(),
            _ => bail!("the database's URL should name one host, reached over TCP"),
        };
        let user = config.get_user().context("the database's URL names no user")?.to_owned();
        Ok(Self {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            name: config.get_dbname().unwrap_or(&user).to_owned(),
            password: String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned(),
            user,
            sslmode: config.get_ssl_mode(),
            authority: std::env::var_os(AUTHORITY).map(|file| read_authority(&file)).transpose()?,
        })
    }

    /// The address as psql and pg_dump take it. The password is not in it: they take that from `PGPASSWORD`.
    pub fn url_without_password(&self) -> String {
        format!("postgres://{}@{}:{}/{}", self.user, self.host, self.port, self.name)
    }

    /// A connection; it lives as long as the client.
    pub async fn connect(&self) -> Result<tokio_postgres::Client> {
        let mut config = tokio_postgres::Config::new();
        config.host(&self.host).port(self.port).dbname(&self.name).user(&self.user).password(&self.password);
        config.application_name(APPLICATION_NAME).connect_timeout(Duration::from_secs(10)).ssl_mode(self.sslmode);
        let tls = MakeRustlsConnect::new(tls_client::system_and(self.authority.as_deref())?);
        let (client, connection) = config.connect(tls).await.map_err(|error| self.no_connection(error))?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn no_connection(&self, error: tokio_postgres::Error) -> anyhow::Error {
        let context = format!("cannot connect to the database {}", self.url_without_password());
        if format!("{error:?}").contains("InvalidCertificate") {
            let advice = format!("its certificate is not trusted; name a file with the certificate of its authority as {AUTHORITY}");
            return anyhow::Error::new(error).context(advice).context(context);
        }
        anyhow::Error::new(error).context(context)
    }
}

/// The same error, of which the database's part says nothing of a row: its detail, hint and context, which stand behind its message otherwise, may.
pub(crate) fn without_rows(error: anyhow::Error) -> anyhow::Error {
    let Some(said) = error.chain().find_map(|cause| cause.downcast_ref::<DbError>()) else { return error };
    let said = match said.code().code() {
        // What our functions say is for whoever called.
        code if code.starts_with("SW") => said.message().to_owned(),
        code => said_by_database(code, said.message()),
    };
    let contexts = error.chain().take_while(|cause| !cause.is::<tokio_postgres::Error>()).map(ToString::to_string);
    anyhow!(contexts.chain([said]).collect::<Vec<_>>().join(": "))
}

fn read_authority(file: &OsStr) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {AUTHORITY}={}", file.display()))
}

#[cfg(test)]
mod tests {
    use stack::postgres::Cluster;

    use super::*;

    #[tokio::test]
    async fn nothing_of_a_row_is_said_of_an_error() -> Result<()> {
        let cluster = Cluster::shared().await?;
        let client = cluster.create_database("rows").await?.connect().await?;
        client
            .batch_execute("create temporary table t (name text constraint name_is_short check (length(name) < 3), number integer)")
            .await?;
        let raise = "do $$ begin raise exception using errcode = 'SW404', message = 'there is no such key', detail = 'marker', hint = 'marker'; end $$";
        for (statement, words) in [
            (
                "insert into t (name) values ('marker')",
                "cannot do it: 23514: new row for relation \"t\" violates check constraint \"name_is_short\"",
            ),
            ("insert into t (number) values (('marker' || '1')::integer)", "cannot do it: 22P02: invalid input syntax for type integer …"),
            (raise, "cannot do it: there is no such key"),
        ] {
            let error = client.batch_execute(statement).await.context("cannot do it").expect_err(statement);
            assert!(format!("{error:#}").contains("marker"), "PostgreSQL quotes no row any more: {error:#}");
            assert_eq!(format!("{:#}", without_rows(error)), words);
        }
        assert_eq!(format!("{:#}", without_rows(anyhow!("inner").context("outer"))), "outer: inner");
        Ok(())
    }

    #[test]
    fn a_database_url_is_read() {
        let database = Database::from_url("postgres://ann:s%2Fcret@db.example:6432/app").expect("a URL");
        assert_eq!(database.host, "db.example");
        assert_eq!((database.port, database.name.as_str()), (6432, "app"));
        assert_eq!((database.user.as_str(), database.password.as_str()), ("ann", "s/cret"));
        assert!(Database::from_url("mysql://x").is_err());
        assert!(Database::from_url("postgres:///only-a-name").is_err());
    }
}
