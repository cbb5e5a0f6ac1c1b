//! What the API's document says, of every operation in it.

use admin::key::{self, Scope};
use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;
use stack::paths;

use crate::fixture::{World, nessus, world};
use crate::sessions::Page;

/// An id of nothing.
const NOBODY: &str = "01a22ad5-d773-716b-8e37-ad7347758e32";

/// Lists of what a stranger has, too: their own key, and that it was made.
const OF_ITSELF: [&str; 2] = ["/api/v1/events", "/api/v1/keys"];

/// A method and a path of the document.
struct Operation {
    method: Method,
    path: String,
    description: String,
    /// Whether it is for callers with a key or a session only.
    needs_caller: bool,
}

fn operations() -> Result<Vec<Operation>> {
    let document: Value = serde_json::from_str(&paths::read(&paths::root().join("docs/openapi.json"))?)?;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().context("paths")? {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(name, _)| *name != "parameters") {
            let method = method.to_uppercase().parse()?;
            let description = operation["description"].as_str().context("a description")?.to_owned();
            let needs_caller = operation.get("security").is_none();
            operations.push(Operation { method, path: path.clone(), description, needs_caller });
        }
    }
    Ok(operations)
}

impl Operation {
    /// What is sent, so that nothing but the key is wrong with it.
    fn body(&self, finding: &str) -> String {
        let body = match (self.method.as_str(), self.path.as_str()) {
            ("POST", "/api/v1/session") => json!({"key": "spw_nobody"}),
            ("POST", "/api/v1/keys") => json!({"name": "made", "scopes": ["read"]}),
            ("POST", "/api/v1/members") => json!({"name": "Ann", "email": format!("{finding}@a.example"), "scopes": ["read"]}),
            ("PATCH", "/api/v1/members/{id}") => json!({"name": "changed"}),
            ("PATCH", "/api/v1/findings/{id}") => json!({"status": "open"}),
            ("POST", "/api/v1/findings/decisions") => json!({"status": "open", "ids": [finding]}),
            ("POST", "/api/v1/datasets") => json!({"name": "made", "columns": [{"name": "n", "type": "bigint"}]}),
            ("PATCH", _) => json!({"description": "changed"}),
            ("POST", "/api/v1/datasets/{name}/mappings") => json!({"version": 1, "columns": []}),
            ("POST", "/api/v1/imports" | "/api/v1/datasets/preview") => return "a,b\n1,2\n".to_owned(),
            _ => return String::new(),
        };
        body.to_string()
    }

    /// The scopes one of which it needs; none where it needs no key.
    fn scopes(&self) -> Vec<Scope> {
        let needed = self.description.split('.').next().unwrap_or_default();
        let all = [Scope::Upload, Scope::Read, Scope::Triage, Scope::Admin];
        all.into_iter().filter(|scope| needed.contains(&format!("`{scope}`"))).collect()
    }
}

/// What a workspace has, by the beginnings of paths.
async fn things(world: &World) -> Result<Vec<(&'static str, String)>> {
    let import = world.import("a.nessus", nessus(20, 2)?).await?["id"].as_str().context("id")?.to_owned();
    let first = async |list: &str| -> Result<String> {
        let answer = world.client.get(&format!("/api/v1/{list}")).await?;
        Ok(answer["items"][0]["id"].as_str().with_context(|| format!("{list}: {answer}"))?.to_owned())
    };
    let (finding, notification) = (first("findings").await?, first("notifications").await?);
    let post =
        async |path: &str, body: Value| world.client.request(Method::POST, path).body(body.to_string()).send().await?.error_for_status();
    post("/api/v1/datasets", json!({"name": "things", "columns": [{"name": "n", "type": "bigint"}]})).await?;
    post("/api/v1/findings/decisions", json!({"status": "closed", "ids": [finding]})).await?;
    let decision = first("findings/decisions").await?;
    let asset = first("assets").await?;
    let member = crate::members::made(&crate::keys::ruler(world).await?, "Ann", &["read"]).await?["id"].as_str().context("id")?.to_owned();
    Ok(vec![
        ("/api/v1/imports/{id}", import),
        ("/api/v1/findings/decisions/{id}", decision),
        ("/api/v1/findings/{id}", finding),
        ("/api/v1/assets/{id}", asset),
        ("/api/v1/notifications/{id}", notification),
        ("/api/v1/datasets/{name}", "things".to_owned()),
        ("/api/v1/keys/{id}", key_id(world).await?),
        ("/api/v1/members/{id}", member),
    ])
}

/// The id of the workspace's first key.
async fn key_id(world: &World) -> Result<String> {
    let statement = "select k.id::text from spillway.api_keys k join spillway.workspaces w on w.id = k.workspace_id
        where w.name = $1 order by k.created_at limit 1";
    Ok(world.stack.database.connect().await?.query_one(statement, &[&world.workspace]).await?.get(0))
}

async fn key(world: &World, workspace: &str, scopes: &[Scope]) -> Result<Client> {
    let database = world.stack.database.connect().await?;
    key::create_workspace(&database, workspace).await?;
    Ok(Client::new(world.stack.url(), &key::create(&database, workspace, "a key", scopes, Some(1.0)).await?.secret))
}

#[tokio::test]
async fn a_stranger_finds_nothing_at_any_path_and_changes_nothing() -> Result<()> {
    let world = world().await?;
    let things = things(&world).await?;
    let before = world.contents().await?;
    let stranger = key(&world, "a stranger of documents", &[Scope::Upload, Scope::Read, Scope::Triage, Scope::Admin]).await?;
    let finding = &things[2].1;
    for operation in operations()? {
        let Operation { method, path, .. } = &operation;
        let thing = things.iter().find(|(beginning, _)| path.starts_with(beginning));
        let named = thing.map_or_else(|| path.clone(), |(_, id)| path.replace("{id}", id).replace("{name}", id));
        assert!(!named.contains('{'), "{path}: of what?");
        let answer = stranger.request(method.clone(), &named).body(operation.body(finding)).send().await?;
        let (status, answer) = (answer.status(), answer.json::<Value>().await.unwrap_or_default());
        if thing.is_some() || path == "/api/v1/findings/decisions" && method == Method::POST {
            assert_eq!(
                (status, &answer["type"]),
                (StatusCode::NOT_FOUND, &json!("urn:spillway:problem:not-found")),
                "{method} {path}: {answer}"
            );
        } else if method == Method::GET && !operation.scopes().is_empty() && !OF_ITSELF.contains(&path.as_str()) {
            let empty = ["items", "active", "ended"].iter().filter_map(|list| answer.get(list)).all(|list| *list == json!([]));
            let own = ["/api/v1/datasets", "/api/v1/imports", "/api/v1/activity", "/api/v1/notifications"].contains(&path.as_str());
            assert!(status == StatusCode::OK && (empty || own && !answer.to_string().contains("things")), "{method} {path}: {answer}");
        }
    }
    crate::fixture::assert_same(&before, &world.contents().await?);
    Ok(())
}

#[tokio::test]
async fn every_operation_needs_the_scopes_that_the_document_names() -> Result<()> {
    let world = world().await?;
    let operations = operations()?;
    for scope in [Scope::Upload, Scope::Read, Scope::Triage, Scope::Admin] {
        let client = key(&world, &world.workspace, &[scope]).await?;
        for operation in &operations {
            let scopes = operation.scopes();
            let path = operation.path.replace("{id}", NOBODY).replace("{name}", "nobody");
            let answer = client.request(operation.method.clone(), &path).body(operation.body(NOBODY)).send().await?;
            let refused = answer.status() == StatusCode::FORBIDDEN;
            let said = format!("{} {path} with {scope}: {}", operation.method, answer.status());
            assert_eq!(refused, !scopes.is_empty() && !scopes.contains(&scope), "{said}");
            assert!(!answer.status().is_server_error(), "{said}");
            if refused {
                let problem: Value = answer.json().await?;
                let needed = scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(" or ");
                assert_eq!(problem["detail"], format!("this needs the scope {needed}, and the API key has {scope}"), "{said}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_operation_takes_a_session_of_a_page_of_its_own() -> Result<()> {
    let world = world().await?;
    let all = [Scope::Upload, Scope::Read, Scope::Triage, Scope::Admin];
    let key = key::create(&world.stack.database.connect().await?, &world.workspace, "page", &all, Some(1.0)).await?.secret;
    for operation in operations()?.into_iter().filter(|operation| operation.needs_caller) {
        let Operation { method, path, .. } = &operation;
        let named = path.replace("{id}", NOBODY).replace("{name}", "nobody");
        let page = Page::with_key(world.stack.url(), &key).await?;
        let foreign = page.request(method.clone(), &named).body(operation.body(NOBODY)).send().await?.status();
        assert_eq!(foreign == StatusCode::FORBIDDEN, *method != Method::GET, "{method} {path} of whatever page: {foreign}");
        let own = page.own_request(method.clone(), &named).body(operation.body(NOBODY)).send().await?.status();
        assert!(![401, 403].contains(&own.as_u16()) && !own.is_server_error(), "{method} {path}: {own}");
        let nobody = page.own_request(method.clone(), &named).header("authorization", "Bearer nobody").body(operation.body(NOBODY));
        assert_eq!(nobody.send().await?.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    Ok(())
}
