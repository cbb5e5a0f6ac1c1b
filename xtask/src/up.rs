//! `up`: the whole app on this machine until Ctrl-C.

use std::net::SocketAddr;

use admin::Database;
use anyhow::Result;
use clap::Args;
use stack::{Permanent, Stack};

/// Options of `up`.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// An existing PostgreSQL database (15 or newer) instead of a private one: postgres://user@host:port/name, and PGPASSWORD in the environment; or
    /// DATABASE_URL there, which may have the password in it
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// Where the app listens, for instance 127.0.0.1:3000; on a free port when not given
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Up {
    /// Starts everything, says how to use it, and waits.
    pub(crate) async fn run(self) -> Result<()> {
        let database = Database::named(self.database_url.as_deref())?;
        let stack = Stack::start(Permanent { database, listen: self.listen }).await?;
        let key = stack.key("demo", "up", 30.0).await?;
        let url = stack.url();
        println!("Spillway runs at {url}; Ctrl-C stops it.");
        println!("\nElsewhere, with a key of the workspace demo, which is valid for 30 days:\n{}", Caller { url, key: &key }.variables());
        println!("Import a report:\n{}", Caller::upload());
        println!("Read what was found:\n{}", Caller::list("findings"));
        println!(
            "Import a table, and read its rows (docs/tables.md):\n{}\n{}",
            Caller::upload_table(),
            Caller::list("datasets/orders/rows")
        );
        stack.wait_for_trouble().await
    }
}

/// Who calls the app from a shell.
pub(crate) struct Caller<'a> {
    pub(crate) url: &'a str,
    pub(crate) key: &'a str,
}

impl Caller<'_> {
    /// The shell's variables that the other commands take.
    pub(crate) fn variables(&self) -> String {
        format!("  export URL={} KEY={}", self.url, self.key)
    }

    /// A command that uploads a report.
    pub(crate) fn upload() -> &'static str {
        r#"  curl -H "Authorization: Bearer $KEY" -H "X-File-Name: scan.nessus" -T scan.nessus -X POST $URL/api/v1/imports"#
    }

    /// A command that uploads a table.
    pub(crate) fn upload_table() -> &'static str {
        r#"  curl -H "Authorization: Bearer $KEY" -H "X-File-Name: orders.csv" -T orders.csv -X POST "$URL/api/v1/imports?dataset=orders&create=true""#
    }

    /// A command that reads a list.
    pub(crate) fn list(what: &str) -> String {
        format!(r#"  curl -H "Authorization: Bearer $KEY" "$URL/api/v1/{what}?limit=20""#)
    }
}
