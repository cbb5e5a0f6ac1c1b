//! What the app is to the database: roles whose time is limited, and that may do what their components do.

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::Stack;

use crate::fixture::{drain, nessus, stack_without_wake_ups, world_in};

/// Limits a role's time in a stack's database; it counts for connections that are made from now on.
async fn limit(stack: &Stack, role: &str, setting: &str) -> Result<()> {
    let statement = format!("alter role {role} in database \"{}\" set {setting}", stack.database.name);
    stack.database.connect().await?.batch_execute(&statement).await.context(statement)
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_request_that_takes_the_database_too_long_is_told_so() -> Result<()> {
    let stack = stack_without_wake_ups(&[]).await?;
    limit(&stack, "spillway_read", "statement_timeout = '100ms'").await?;
    limit(&stack, "spillway_api", "lock_timeout = '100ms'").await?;
    let world = world_in(stack.into()).await?;
    let upload = world.upload("a.nessus", nessus(10, 1)?).await?;
    let (holder, cancel) = (world.stack.database.connect().await?, format!("/api/v1/imports/{}/cancel", upload.id));
    holder.batch_execute("begin; lock table spillway.findings; select from spillway.import_queue for update").await?;
    for (method, path) in [(Method::GET, "/api/v1/findings"), (Method::POST, &cancel)] {
        let answer = world.answer(method, path).await?;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let problem: Value = answer.json().await?;
        assert_eq!(problem["type"], "urn:spillway:problem:took-too-long", "{path}: {problem}");
    }
    holder.batch_execute("rollback").await?;
    assert_eq!(drain(&world.stack).await?["completed"], 1, "nothing was changed");
    assert_eq!(world.answer(Method::GET, "/api/v1/findings").await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn the_app_is_in_the_database_as_its_roles_only() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    world.upload("a.nessus", nessus(10, 1)?).await?;
    drain(&world.stack).await?;
    world.client.get("/api/v1/findings").await?;
    world.client.get("/api/v1/notifications").await?;
    assert_eq!(world.answer(Method::GET, "/api/v1/keys").await?.status(), StatusCode::FORBIDDEN);
    let users = "select string_agg(distinct usename, ' ' order by usename) from pg_stat_activity
        where datname = current_database() and application_name <> 'spillway-tools' and backend_type = 'client backend'";
    let users: String = world.stack.database.connect().await?.query_one(users, &[]).await?.get(0);
    assert_eq!(users, "spillway_access spillway_api spillway_drain spillway_read");
    Ok(())
}
