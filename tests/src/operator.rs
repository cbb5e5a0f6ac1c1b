//! `spillway-admin`, as an operator has it: a program and a database, and no checkout.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use admin::{Database, Role, parse, random};
use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::client::Client;
use stack::postgres::Cluster;
use stack::{build, paths};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::fixture::world;

/// The program in an empty folder outside of the checkout.
pub(crate) struct Operator {
    dir: PathBuf,
    program: PathBuf,
}

impl Operator {
    pub(crate) async fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("spillway-operator-{}", random::hex(6)?));
        std::fs::create_dir(&dir)?;
        Ok(Self { dir, program: build::program("spillway-admin").await? })
    }

    /// What it prints when all is well. It sees nothing of this process's environment.
    pub(crate) async fn prints(&self, database: Option<&Database>, arguments: &[&str]) -> Result<String> {
        self.answers(database, arguments, "").await
    }

    /// The same where it is given something on standard input.
    async fn answers(&self, database: Option<&Database>, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.dir).env_clear().args(arguments);
        if let Some(database) = database {
            command.env("DATABASE_URL", database.url_without_password()).env("PGPASSWORD", &database.password);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("it does not start")?;
        // Who needs nothing of it may have ended.
        let _ = child.stdin.take().context("no standard input")?.write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server of its own")]
async fn an_operator_migrates_a_new_database_once() -> Result<()> {
    let (cluster, operator) = (Cluster::shared().await?, Operator::new().await?);
    let name = format!("operator-{}", random::hex(6)?);
    cluster.create_database(&name).await?;
    let new = cluster.as_owner(&name);
    let first = operator.prints(Some(&new), &["migrate"]).await?;
    assert!(first.starts_with("applied 0001_"), "{first}");
    assert!(first.contains(" functions and triggers\nthe database lets in "), "{first}");
    let second = operator.prints(Some(&new), &["migrate"]).await?;
    assert!(second.starts_with("nothing to apply\n"), "{second}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server of its own")]
async fn an_operator_lets_a_role_in_by_a_password_that_nobody_sees() -> Result<()> {
    let (cluster, operator) = (Cluster::start_temporary().await?, Operator::new().await?);
    cluster.create_migrated("roles").await?;
    let (owner, mut role) = (cluster.as_owner("roles"), cluster.as_role("roles", Role::Read));
    for password in ["first", r#"it's a "second" \ one"#] {
        operator.answers(Some(&owner), &["set-password", "--role", "read"], &format!("{password}\n")).await?;
        role.password = "wrong".to_owned();
        assert!(role.connect().await.is_err());
        role.password = password.to_owned();
        role.connect().await?.query_one("select spillway.count_unread(1)", &[]).await?;
    }
    let nothing = operator.answers(Some(&owner), &["set-password", "--role", "read"], "").await.expect_err("no password");
    assert!(nothing.to_string().contains("as SPILLWAY_PASSWORD in the environment, or as a line on standard input"), "{nothing}");
    let seen =
        operator.prints(None, &["migrate", "--database-url", "postgres://ann:secret@127.0.0.1/roles"]).await.expect_err("an argument");
    assert!(seen.to_string().contains("give it as PGPASSWORD") && !seen.to_string().contains("migrate: secret"), "{seen}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server of its own")]
async fn an_operator_makes_lists_rotates_and_ends_keys() -> Result<()> {
    let (world, operator) = (world().await?, Operator::new().await?);
    let (cluster, workspace) = (world.stack.cluster.as_ref().context("no server")?, format!("operator-{}", random::hex(6)?));
    let admin = &cluster.as_role(&world.stack.database.name, Role::Admin);
    let run = async |arguments: &[&str]| operator.prints(Some(admin), arguments).await;
    let status = async |key: &str| {
        anyhow::Ok(Client::new(world.stack.url(), key.trim_end()).request(Method::GET, "/api/v1/findings").send().await?.status())
    };
    let typo = run(&["create-key", "--workspace", &workspace]).await.expect_err("there is no such workspace").to_string();
    assert!(typo.contains("there is no workspace of the name") && typo.contains("create-workspace makes one"), "{typo}");
    run(&["create-workspace", "--workspace", &workspace]).await?;
    let first = run(&["create-key", "--workspace", &workspace, "--name", "pipeline", "--scopes", "upload,read"]).await?;
    assert_eq!(status(&first).await?, StatusCode::OK);
    let listed = run(&["list-keys", "--workspace", &workspace]).await?;
    let line = listed.lines().nth(1).context("no key is listed")?;
    let id = line.split_whitespace().next().context("no id")?;
    assert!(line.contains(" valid ") && line.contains(" upload,read ") && line.ends_with(&format!("{workspace}  pipeline")), "{listed}");
    assert_eq!(line.matches("never").count(), 0, "it expires, and it was used: {listed}");

    let second = run(&["rotate-key", "--id", id]).await?;
    assert_eq!((status(&first).await?, status(&second).await?), (StatusCode::OK, StatusCode::OK));
    run(&["revoke-key", "--id", id]).await?;
    assert_eq!((status(&first).await?, status(&second).await?), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    operator.answers(Some(admin), &["revoke-key"], &second).await?;
    assert_eq!(status(&second).await?, StatusCode::UNAUTHORIZED);
    let again = operator.answers(Some(admin), &["revoke-key"], &second).await.expect_err("it is revoked already").to_string();
    assert!(again.contains("there is no such key, or it is revoked already"), "{again}");
    let days = "select bool_and(expires_at between now() + interval '89 days' and now() + interval '91 days' or revoked_at is not null) from spillway.api_keys
        where name = 'pipeline' and workspace_id = (select id from spillway.workspaces where name = $1)";
    assert!(world.stack.database.connect().await?.query_one(days, &[&workspace]).await?.get::<_, bool>(0));
    Ok(())
}

#[tokio::test]
async fn names_are_looked_at_before_the_database_is() -> Result<()> {
    let operator = Operator::new().await?;
    let long = "n".repeat(201);
    for (arguments, words) in [
        (
            ["create-workspace", "--workspace", "a\u{202e}b", "--database-url", "no address"],
            "the workspace's name has the character U+202E at place 2",
        ),
        (["create-workspace", "--workspace", "", "--database-url", "no address"], "the workspace's name is empty"),
        (
            ["create-key", "--workspace=a", "--name", long.as_str(), "--database-url=no address"],
            "the key's name has 201 characters, it can have 1 to 200",
        ),
        (
            ["create-key", "--workspace=a", "--name", "a\u{1b}[2J", "--database-url=no address"],
            "the key's name has the character U+001B at place 2",
        ),
    ] {
        let error = operator.prints(None, &arguments).await.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn an_operator_reads_a_report() -> Result<()> {
    let operator = Operator::new().await?;
    let report = paths::root().join("crates/scan-reports/testdata/nessus/small_network.nessus");
    let lines = operator.prints(None, &["parse", &report.to_string_lossy()]).await?;
    let lines = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    assert_eq!(lines.len(), records(&report)?);
    assert!(lines.iter().any(|line| line["tool"] == "nessus" && line["title"].is_string()), "{lines:?}");
    Ok(())
}

fn records(report: &Path) -> Result<usize> {
    let mut count = 0;
    parse::read(report, None, |_, _| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}
