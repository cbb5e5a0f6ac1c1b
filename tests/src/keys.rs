//! Keys that a workspace makes, rotates and ends by itself.

use admin::key::{self, Scope};
use anyhow::{Context as _, Result};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;

use crate::fixture::{World, world};

/// A caller who rules the workspace.
pub(crate) async fn ruler(world: &World) -> Result<Client> {
    let key = key::create(&world.stack.database.connect().await?, &world.workspace, "ruler", &[Scope::Admin], Some(1.0)).await?;
    Ok(Client::new(world.stack.url(), &key.secret))
}

pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Result<Response> {
    Ok(client.request(Method::POST, path).body(body.to_string()).send().await?)
}

/// A key that a ruler makes: its document, with the key.
async fn made(ruler: &Client, scopes: &[&str]) -> Result<Value> {
    let answer = post(ruler, "/api/v1/keys", &json!({"name": "pipeline", "scopes": scopes})).await?;
    assert_eq!(answer.status(), StatusCode::CREATED);
    Ok(answer.json().await?)
}

fn text<'a>(document: &'a Value, name: &str) -> Result<&'a str> {
    document[name].as_str().with_context(|| format!("{name} of {document}"))
}

/// What a key is answered.
async fn opens(world: &World, document: &Value) -> Result<StatusCode> {
    Ok(Client::new(world.stack.url(), text(document, "key")?).request(Method::GET, "/api/v1/findings").send().await?.status())
}

#[tokio::test]
async fn a_key_is_shown_once_rotated_and_revoked() -> Result<()> {
    let world = world().await?;
    let ruler = ruler(&world).await?;
    let first = made(&ruler, &["read"]).await?;
    assert!(text(&first, "key")?.len() == 47 && first["state"] == "valid", "{first}");
    assert_eq!(opens(&world, &first).await?, StatusCode::OK);

    let keys = ruler.list_in_pages("keys", "", 2, |_| {}).await?;
    let names: Vec<_> = keys.iter().map(|key| key["name"].as_str().unwrap_or_default()).collect();
    assert_eq!((keys.len(), &names[..2]), (3, &["pipeline", "ruler"][..]), "newest first");
    assert!(keys.iter().all(|key| key.get("key").is_none() && key.get("hash").is_none()), "{keys:?}");

    let path = format!("/api/v1/keys/{}", text(&first, "id")?);
    let rotated = post(&ruler, &format!("{path}/rotate"), &json!({"expires_at": "2030-01-31T00:00:00Z"})).await?;
    assert_eq!(rotated.status(), StatusCode::CREATED);
    let second: Value = rotated.json().await?;
    assert_eq!(
        (&second["name"], &second["scopes"], &second["expires_at"]),
        (&first["name"], &first["scopes"], &json!("2030-01-31T00:00:00.000Z"))
    );
    for key in [&first, &second] {
        assert_eq!(opens(&world, key).await?, StatusCode::OK, "one takes the other's place");
    }

    let delete = || ruler.request(Method::DELETE, &path).send();
    let ended = delete().await?;
    assert_eq!((ended.status(), &ended.json::<Value>().await?["state"]), (StatusCode::OK, &json!("revoked")));
    assert_eq!(opens(&world, &first).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(delete().await?.status(), StatusCode::NOT_FOUND, "once");
    assert_eq!(post(&ruler, &format!("{path}/rotate"), &json!({})).await?.status(), StatusCode::NOT_FOUND);
    assert_eq!(opens(&world, &second).await?, StatusCode::OK);

    let events = ruler.list("events", "").await?;
    let mut done: Vec<_> = events.iter().filter(|event| event["actor"] == "ruler").filter_map(|event| event["action"].as_str()).collect();
    done.sort_unstable();
    assert_eq!(done, ["key.created", "key.revoked", "key.rotated"]);
    assert!(!events.iter().any(|event| event.to_string().contains("spw_")), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_cannot_be_is_refused_with_a_reason() -> Result<()> {
    let world = world().await?;
    let ruler = ruler(&world).await?;
    for (body, status, said) in [
        (json!(null), 400, "its name and scopes"),
        (json!({"name": "x"}), 400, "missing field `scopes`"),
        (json!({"name": "", "scopes": ["read"]}), 400, "name"),
        (json!({"name": "x\u{202e}y", "scopes": ["read"]}), 400, "direction"),
        (json!({"name": "x".repeat(201), "scopes": ["read"]}), 400, "201"),
        (json!({"name": "x", "scopes": []}), 400, "one or more of upload"),
        (json!({"name": "x", "scopes": ["read", "read"]}), 400, "each once"),
        (json!({"name": "x", "scopes": ["root"]}), 400, "scopes can be upload, read, triage, admin"),
        (json!({"name": "x", "scopes": ["read"], "hash": "x"}), 400, "unknown field"),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "tomorrow"}), 422, "in the next ten years"),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}), 422, "in the next ten years"),
    ] {
        let answer = post(&ruler, "/api/v1/keys", &body).await?;
        assert_eq!(answer.status().as_u16(), status, "{body}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{body}: {problem}");
    }
    for (method, path) in [(Method::DELETE, "/api/v1/keys/nonsense"), (Method::POST, "/api/v1/keys/nonsense/rotate")] {
        assert_eq!(ruler.request(method, path).send().await?.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ruler.list("keys", "").await?.len(), 2, "nothing was made");
    Ok(())
}

#[tokio::test]
async fn a_workspace_has_so_many_keys_however_many_are_made_at_once() -> Result<()> {
    let world = world().await?;
    let ruler = ruler(&world).await?;
    let nearly = "insert into spillway.api_keys (workspace_id, name, hash, scopes)
        select w.id, 'n', sha256((w.id || ' ' || n)::bytea), '{read}' from spillway.workspaces w, generate_series(1, spillway.max_keys() - 4) n where w.name = $1";
    world.stack.database.connect().await?.execute(nearly, &[&world.workspace]).await?;
    let make = json!({"name": "x", "scopes": ["read"]});
    let answers = futures::future::try_join_all((0..16).map(|_| post(&ruler, "/api/v1/keys", &make))).await?;
    assert_eq!(answers.iter().filter(|answer| answer.status() == StatusCode::CREATED).count(), 2);
    for answer in answers.into_iter().filter(|answer| answer.status() != StatusCode::CREATED) {
        let problem: Value = answer.json().await?;
        assert_eq!((&problem["type"], &problem["limit"]), (&json!("urn:spillway:problem:keys-quota"), &json!(1000)), "{problem}");
    }
    Ok(())
}
