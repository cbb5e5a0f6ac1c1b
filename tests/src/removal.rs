//! A workspace that is removed leaves nothing in database and store but the proof.

use std::collections::BTreeMap;

use admin::{Database, Role};
use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres::Client;

use crate::fixture::{PATIENCE, World, assert_same, drain, nessus, stack_without_wake_ups, world_in};
use crate::operator::Operator;
use crate::upload::{raw_upload, uploads};

/// Whose rows nothing but the removal changes while it goes on.
const COUNTED: [&str; 10] = [
    "api_keys",
    "assets",
    "events",
    "findings",
    "import_assets",
    "import_findings",
    "import_queue",
    "imports",
    "notifications",
    "occurrences",
];

/// How many rows of a workspace there are, of each table that has some.
async fn rows(database: &Client, workspace: i32) -> Result<BTreeMap<String, i64>> {
    let tables =
        "select table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
        where table_schema = 'spillway' and c.column_name = 'workspace_id' and t.table_type = 'BASE TABLE' and table_name <> 'removals'";
    let mut rows = BTreeMap::new();
    for table in database.query(tables, &[]).await? {
        let table: String = table.get(0);
        let statement = format!("select count(*) from spillway.{table} where workspace_id = $1");
        rows.insert(table, database.query_one(&statement, &[&workspace]).await?.get(0));
    }
    rows.retain(|_, count| *count > 0);
    Ok(rows)
}

/// What the store holds of a workspace.
async fn objects(world: &World, workspace: i32) -> Result<Vec<String>> {
    let mut objects = world.stack.store.list_objects().await?;
    objects.retain(|key| key.starts_with(&format!("imports/{workspace}/")));
    Ok(objects)
}

async fn id(world: &World) -> Result<i32> {
    let statement = "select id from spillway.workspaces where name = $1";
    Ok(world.stack.database.connect().await?.query_one(statement, &[&world.workspace]).await?.get(0))
}

fn admin(world: &World) -> Result<Database> {
    Ok(world.stack.cluster.as_ref().context("no server")?.as_role(&world.stack.database.name, Role::Admin))
}

/// Without what a drain counts anew.
fn lasting(mut rows: BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    rows.retain(|table, _| !["finding_counts", "finding_days"].contains(&table.as_str()));
    rows
}

async fn status(world: &World) -> Result<StatusCode> {
    Ok(world.answer(Method::GET, "/api/v1/findings").await?.status())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server and an app of its own")]
async fn a_removed_workspace_leaves_nothing_but_the_proof() -> Result<()> {
    let gone = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let stays = world_in(gone.stack.clone()).await?;
    let (database, operator, admin) = (gone.stack.database.connect().await?, Operator::new().await?, admin(&gone)?);
    let (report, waiting) = (nessus(300, 5)?, nessus(10, 1)?);
    for world in [&gone, &stays] {
        world.upload("read.nessus", report.clone()).await?;
    }
    assert_eq!(drain(&gone.stack).await?["completed"], 2);
    gone.upload("waiting.nessus", waiting.clone()).await?;
    let (gone_id, stays_id) = (id(&gone).await?, id(&stays).await?);
    let before = rows(&database, gone_id).await?;
    let others = (lasting(rows(&database, stays_id).await?), objects(&stays, stays_id).await?, stays.contents().await?);
    assert_eq!((objects(&gone, gone_id).await?.len(), others.1.len()), (2, 1));
    let remove = async |options: &[&str]| {
        operator.prints(Some(&admin), &[&["remove-workspace", gone.workspace.as_str()][..], options].concat()).await
    };

    let unasked = remove(&[]).await.expect_err("nobody can be asked").to_string();
    assert!(unasked.contains("say --yes"), "{unasked}");
    assert_eq!((rows(&database, gone_id).await?, status(&gone).await?), (before.clone(), StatusCode::OK), "nothing is changed");

    // No drain works.
    let unfinished = remove(&["--yes", "--wait", "2"]).await.expect_err("who should remove the objects?").to_string();
    assert!(unfinished.contains("the drain has yet to remove 2 objects") && unfinished.contains("run again"), "{unfinished}");
    assert_eq!(rows(&database, gone_id).await?, BTreeMap::from([("uploads".to_owned(), 2)]));
    assert_eq!((objects(&gone, gone_id).await?.len(), status(&gone).await?), (2, StatusCode::UNAUTHORIZED));

    let done = drain(&gone.stack).await?;
    assert_eq!((&done["completed"], &done["failed"]), (&0.into(), &0.into()), "what waited is not worked on any more");
    let proof: Value = serde_json::from_str(&remove(&["--yes"]).await?)?;
    for table in COUNTED {
        assert!(before.contains_key(table), "{table} had no rows: {before:?}");
        assert_eq!(proof["counts"][table].as_i64(), before.get(table).copied(), "{table}: {proof}");
    }
    assert_eq!((&proof["counts"]["objects"], &proof["counts"]["bytes"]), (&2.into(), &(report.len() + waiting.len()).into()), "{proof}");
    assert_eq!((&proof["workspace"], &proof["removed_by"]), (&gone.workspace.as_str().into(), &Role::Admin.name().into()));
    assert_eq!((rows(&database, gone_id).await?, objects(&gone, gone_id).await?), (BTreeMap::new(), Vec::new()));
    assert_eq!(status(&gone).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(serde_json::from_str::<Value>(&remove(&["--yes"]).await?)?, proof, "the proof is told again");

    assert_eq!((lasting(rows(&database, stays_id).await?), objects(&stays, stays_id).await?), (others.0, others.1));
    assert_same(&stays.contents().await?, &others.2);
    assert_eq!(status(&stays).await?, StatusCode::OK);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server and an app of its own")]
async fn an_upload_to_a_workspace_that_is_removed_meanwhile_leaves_nothing() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let (operator, admin, report) = (Operator::new().await?, admin(&world)?, nessus(10_000, 10)?);
    let remove = async || operator.prints(Some(&admin), &["remove-workspace", &world.workspace, "--yes", "--wait", "1"]).await;
    // So much that a part of it is in the store already.
    let mut stream = raw_upload(&world, report.len(), &report[..report.len() - 1]).await?;
    uploads(&world, 1).await?;
    let unfinished = remove().await.expect_err("the upload is under way").to_string();
    assert!(unfinished.contains("1 uploads give signs of life"), "{unfinished}");
    stream.write_all(&report[report.len() - 1..]).await?;
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.context("no answer")??;
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401");
    uploads(&world, 0).await?;
    let proof: Value = serde_json::from_str(&remove().await?)?;
    assert!(proof["ended_at"].is_string() && proof["counts"]["imports"].is_null(), "{proof}");
    assert_eq!(world.stack.store.list_objects().await?, Vec::<String>::new());
    Ok(())
}
