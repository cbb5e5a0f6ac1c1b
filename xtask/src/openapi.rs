//! `docs/openapi.yaml`, the API in words, and what is served of it: `docs/openapi.json` and the page of `reference`.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use stack::{build, paths};

use crate::reference;

const SOURCE: &str = "docs/openapi.yaml";
const FILE: &str = "docs/openapi.json";
const PAGE: &str = "docs/reference.html";

/// Components whose paths are for the app itself.
const INTERNAL: [&str; 2] = ["drain", "tick"];

/// Methods as the router names them.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Writes the files that are served.
pub(crate) fn write() -> Result<()> {
    let document = document()?;
    for (file, text) in [(FILE, served(&document)?), (PAGE, reference::page(&document))] {
        std::fs::write(paths::root().join(file), text).with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
}

/// An error when the files are not what [`write`] would write, or the document has other paths than the components.
pub(crate) fn check() -> Result<()> {
    let document = document()?;
    for (file, text) in [(FILE, served(&document)?), (PAGE, reference::page(&document))] {
        let written = paths::read(&paths::root().join(file)).unwrap_or_default();
        ensure!(written == text, "{file} is not what {SOURCE} says: run `cargo xtask openapi`");
    }
    let (described, routed) = (described(&document), routed()?);
    let missing: Vec<_> = routed.difference(&described).collect();
    ensure!(missing.is_empty(), "{SOURCE} does not describe {missing:?}");
    let extra: Vec<_> = described.difference(&routed).collect();
    ensure!(extra.is_empty(), "{SOURCE} describes what no component answers: {extra:?}");
    Ok(())
}

fn document() -> Result<Value> {
    serde_saphyr::from_str(&paths::read(&paths::root().join(SOURCE))?).with_context(|| format!("{SOURCE} is no YAML"))
}

fn served(document: &Value) -> Result<String> {
    Ok(serde_json::to_string(document)? + "\n")
}

/// Methods and paths of the document.
fn described(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.as_str());
        methods.filter(|method| METHODS.contains(method)).map(move |method| format!("{method} {path}"))
    });
    operations.collect()
}

/// Those of the components, which are all named where a component begins.
fn routed() -> Result<BTreeSet<String>> {
    let mut routed = BTreeSet::new();
    for function in build::FUNCTIONS.into_iter().filter(|function| !INTERNAL.contains(function)) {
        let source = paths::read(&paths::root().join("functions").join(function).join("src/lib.rs"))?;
        routed.extend(routes(&source));
    }
    ensure!(!routed.is_empty(), "no component has a route");
    Ok(routed)
}

/// Methods and paths of `.route("/path", get(…).post(…))`.
fn routes(source: &str) -> Vec<String> {
    let calls = source.split(".route(\"").skip(1).filter_map(|call| call.split_once('"'));
    let operations = calls.flat_map(|(path, handlers)| {
        let handlers = handlers.split(';').next().unwrap_or_default();
        let is_named = |method: &&str| [' ', '.'].iter().any(|before| handlers.contains(&format!("{before}{method}(")));
        METHODS.into_iter().filter(is_named).map(move |method| format!("{method} {path}"))
    });
    operations.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_in_the_source() {
        let source = "Router::new()\n.route(\"/a\", get(list).post(create))\n.route(\"/a/{id}\", delete(inner::get_rid));\nlater(get(x))";
        assert_eq!(routes(source), ["get /a", "post /a", "delete /a/{id}"]);
    }

    #[test]
    fn the_document_and_the_components_have_the_same_paths() {
        check().unwrap();
    }
}
