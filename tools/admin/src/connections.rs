//! How many connections to the database a host takes: the bound that spin.toml and runtime-config.toml give together.

use anyhow::{Context as _, Result};
use tokio_postgres::Client;
use toml::Table;

/// The app and its host as they are delivered.
const APP: &str = include_str!("../../../spin.toml");
const HOST: &str = include_str!("../../../runtime-config.toml");

/// Connections that one host takes at most: each component keeps, for a while, as many as all together may hold at a time.
pub fn of_one_host() -> Result<u32> {
    let (app, host): (Table, Table) = (APP.parse()?, HOST.parse()?);
    let components = app.get("component").and_then(|components| components.as_table()).context("spin.toml has no components")?;
    let with_database = components.values().filter(|component| component["variables"].get("database_host").is_some()).count();
    let held = host["outbound_pg"]["max_connections"].as_integer().context("runtime-config.toml has no max_connections")?;
    Ok(u32::try_from(held)? * u32::try_from(with_database)?)
}

/// Whether the database lets in enough, for whoever sets it up.
pub async fn outlook(client: &Client) -> Result<String> {
    let free = "select current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer";
    let free: i32 = client.query_one(free, &[]).await?.get(0);
    Ok(describe(u32::try_from(free).unwrap_or_default(), of_one_host()?))
}

fn describe(free: u32, one_host: u32) -> String {
    let facts = format!("the database lets in {free} connections, and a host of Spillway takes up to {one_host}");
    match free / one_host {
        0 => format!(
            "{facts}: too few where much happens at once; set max_connections to {} or more, or [outbound_pg] max_connections in runtime-config.toml lower",
            one_host + 10
        ),
        1 => format!("{facts}: enough for 1 host"),
        hosts => format!("{facts}: enough for {hosts} hosts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_what_the_readme_says_and_fits_what_postgresql_lets_in() {
        let bound = of_one_host().expect("the files say it");
        assert!(
            include_str!("../../../README.md").contains(&format!("up to {bound} connections")),
            "README.md does not say: up to {bound} connections"
        );
        assert!(bound < 97, "PostgreSQL lets in 97 users unless it is set otherwise");
    }

    #[test]
    fn too_few_are_told_with_what_to_do() {
        assert!(describe(97, 80).ends_with("enough for 1 host"));
        assert!(describe(400, 80).ends_with("enough for 5 hosts"));
        assert!(describe(17, 80).contains("set max_connections to 90 or more"));
    }
}
