//! The people of a workspace, and what happens to their keys.

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;

use crate::fixture::{World, world, world_in};
use crate::keys::{post, ruler};
use crate::sessions::Page;

/// A member that a ruler makes.
pub(crate) async fn made(ruler: &Client, name: &str, scopes: &[&str]) -> Result<Value> {
    let answer = post(ruler, "/api/v1/members", &json!({"name": name, "email": format!("{name}@a.example"), "scopes": scopes})).await?;
    assert_eq!(answer.status(), StatusCode::CREATED);
    Ok(answer.json().await?)
}

/// A key of a member: its document, and who calls by it.
async fn key_of(world: &World, ruler: &Client, member: &Value, scopes: &[&str]) -> Result<(Value, Client)> {
    let answer = post(ruler, "/api/v1/keys", &json!({"name": "laptop", "scopes": scopes, "member_id": member["id"]})).await?;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let key: Value = answer.json().await?;
    let client = Client::new(world.stack.url(), key["key"].as_str().context("key")?);
    Ok((key, client))
}

async fn status(client: &Client, path: &str) -> Result<StatusCode> {
    Ok(client.request(Method::GET, path).send().await?.status())
}

fn path(member: &Value) -> Result<String> {
    Ok(format!("/api/v1/members/{}", member["id"].as_str().context("id")?))
}

#[tokio::test]
async fn a_member_has_keys_and_sessions_until_they_leave() -> Result<()> {
    let world = world().await?;
    let ruler = ruler(&world).await?;
    let (ann, bob) = (made(&ruler, "ann", &["read", "triage"]).await?, made(&ruler, "bob", &["read"]).await?);
    let (key, client) = key_of(&world, &ruler, &ann, &["read", "triage"]).await?;
    let (_, other) = key_of(&world, &ruler, &bob, &["read"]).await?;
    let page = Page::with_key(world.stack.url(), key["key"].as_str().context("key")?).await?;
    let session: Value = page.request(Method::GET, "/api/v1/session").send().await?.json().await?;
    assert_eq!(session["member"], json!({"id": ann["id"], "name": "ann", "email": "ann@a.example"}));
    assert_eq!(ruler.get("/api/v1/session").await?["member"], Value::Null);
    let events = ruler.list("events", "action=session.created").await?;
    assert_eq!((&events[0]["actor"], &events[0]["member"]), (&json!("laptop"), &json!({"id": ann["id"], "name": "ann"})));

    let narrowed = ruler.request(Method::PATCH, &path(&ann)?).body(json!({"scopes": ["triage"]}).to_string()).send().await?;
    assert_eq!((narrowed.status(), &narrowed.json::<Value>().await?["scopes"]), (StatusCode::OK, &json!(["triage"])));
    assert_eq!(status(&client, "/api/v1/findings").await?, StatusCode::FORBIDDEN);
    assert_eq!(page.own_request(Method::POST, "/api/v1/notifications/read").send().await?.status(), StatusCode::OK);

    let remove = || ruler.request(Method::DELETE, &path(&ann).unwrap_or_default()).send();
    assert_eq!(remove().await?.status(), StatusCode::OK);
    assert_eq!(page.request(Method::GET, "/api/v1/session").send().await?.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(status(&client, "/api/v1/session").await?, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&other, "/api/v1/findings").await?, StatusCode::OK, "others stay");
    assert_eq!(remove().await?.status(), StatusCode::NOT_FOUND, "once");
    let members = ruler.list_in_pages("members", "", 1, |_| {}).await?;
    assert_eq!((members.len(), &members[0]["name"]), (1, &json!("bob")));
    made(&ruler, "ann", &["read"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_member_that_cannot_be_is_refused_with_a_reason() -> Result<()> {
    let world = world().await?;
    let ruler = ruler(&world).await?;
    let ann = made(&ruler, "ann", &["read"]).await?;
    let stranger = made(&self::ruler(&world_in(world.stack.clone()).await?).await?, "eve", &["read"]).await?;
    let member = |change: Value| {
        let mut member = json!({"name": "x", "email": "x@a.example", "scopes": ["read"]});
        member.as_object_mut().into_iter().for_each(|member| member.extend(change.as_object().cloned().unwrap_or_default()));
        member
    };
    let key = |member: &Value, scope: &str| json!({"name": "x", "scopes": [scope], "member_id": member["id"]});
    for (path, body, status, said) in [
        ("/api/v1/members", json!(null), 400, "name, email and scopes"),
        ("/api/v1/members", member(json!({"name": "\u{7}"})), 400, "name"),
        ("/api/v1/members", member(json!({"email": "nobody"})), 400, "email is an address"),
        ("/api/v1/members", member(json!({"email": "a b@c"})), 400, "email is an address"),
        ("/api/v1/members", member(json!({"email": format!("{}@a", "x".repeat(254))})), 400, "256"),
        ("/api/v1/members", member(json!({"scopes": []})), 400, "one or more of"),
        ("/api/v1/members", member(json!({"admin": true})), 400, "unknown field"),
        ("/api/v1/members", member(json!({"email": "ANN@a.example"})), 409, "another member has the address"),
        ("/api/v1/keys", key(&ann, "admin"), 422, "a key may do no more than its member, who has read"),
        ("/api/v1/keys", key(&stranger, "read"), 422, "there is no member"),
        ("/api/v1/keys", key(&json!({"id": "nonsense"}), "read"), 400, "UUID"),
    ] {
        let answer = post(&ruler, path, &body).await?;
        assert_eq!(answer.status().as_u16(), status, "{body}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{body}: {problem}");
    }
    let of_stranger = ruler.request(Method::PATCH, &path(&stranger)?).body(json!({"name": "mine"}).to_string()).send().await?;
    assert_eq!(of_stranger.status(), StatusCode::NOT_FOUND);
    assert_eq!(ruler.list("members", "").await?.len(), 1, "nothing was made");
    Ok(())
}
