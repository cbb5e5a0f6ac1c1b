//! `up`: the whole app on this machine until Ctrl-C.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Args;
use xtask::key;
use xtask::stack::{Permanent, Stack};

/// Options of `up`.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// An existing PostgreSQL database (15 or newer), postgres://user:password@host:port/name, instead of a private one
    #[arg(long, value_name = "URL", env = "DATABASE_URL")]
    database_url: Option<String>,

    /// Where the app listens, for instance 127.0.0.1:3000; on a free port when not given
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Up {
    /// Starts everything, says how to use it, and waits.
    pub(crate) async fn run(self) -> Result<()> {
        let stack = Stack::start(Permanent { database_url: self.database_url, listen: self.listen }).await?;
        let key = key::create(&stack.database.connect().await?, "demo", "up", Some(30.0)).await?;
        let url = stack.url();
        println!("Spillway runs at {url}; Ctrl-C stops it.");
        println!("A key of the workspace demo, valid for 30 days: {key}");
        println!("\nImport a report:\n  {}", upload_line(url, &key));
        println!("Read what was found:\n  {}", list_line(url, &key, "findings"));
        stack.wait_for_trouble().await
    }
}

/// A command that uploads a report.
pub(crate) fn upload_line(url: &str, key: &str) -> String {
    format!("curl -H 'Authorization: Bearer {key}' -H 'X-File-Name: scan.nessus' -T scan.nessus -X POST {url}/api/v1/imports")
}

/// A command that reads a list.
pub(crate) fn list_line(url: &str, key: &str, what: &str) -> String {
    format!("curl -H 'Authorization: Bearer {key}' '{url}/api/v1/{what}?limit=20'")
}
