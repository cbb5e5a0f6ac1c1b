//! `deny.toml`: which licences, sources and versions dependencies may have. The file is cargo-deny's; what of it needs no net is checked here, so that it
//! holds where cargo-deny is not installed, too.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use stack::{build, paths, progress, tool};

mod licence;
mod policy;

use policy::Policy;

const FILE: &str = "deny.toml";

/// The folders of the workspaces, each with a lock file.
const WORKSPACES: [&str; 2] = [".", "fuzz"];

/// A package that is compiled, as cargo describes it.
#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

/// A package of a lock file.
#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// None: it lies in the repository.
    source: Option<String>,
    checksum: Option<String>,
}

/// The lock file.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// What cargo says of a workspace.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

/// Holds both workspaces to the file, and has cargo-deny do so where it is installed.
pub(crate) async fn check() -> Result<()> {
    let policy = toml::from_str(&paths::read(&paths::root().join(FILE))?).with_context(|| format!("{FILE} is not as it should be"))?;
    let faults = faults(&policy).await?;
    ensure!(faults.is_empty(), "dependencies that {FILE} does not allow:\n{}", faults.join("\n"));
    if tool::find("cargo-deny").is_none() {
        progress::note("SKIPPED: advisories, which cargo-deny knows; it is not installed");
        return Ok(());
    }
    for workspace in WORKSPACES {
        ask_cargo_deny(workspace).await?;
    }
    Ok(())
}

async fn faults(policy: &Policy) -> Result<Vec<String>> {
    let (mut faults, mut all) = (Vec::new(), Vec::new());
    for workspace in WORKSPACES {
        let lock: Lock = toml::from_str(&paths::read(&paths::root().join(workspace).join("Cargo.lock"))?)?;
        let packages = packages(workspace, &policy.graph.targets).await?;
        let found = policy.faults_of_sources(&lock.package).into_iter().chain(policy.faults(&packages));
        faults.extend(found.map(|fault| format!("{workspace}/Cargo.lock: {fault}")));
        all.extend(packages);
    }
    faults.extend(policy.unused(&all).into_iter().map(|fault| format!("{FILE}: {fault}")));
    Ok(faults)
}

/// The packages that are compiled for one of the targets.
async fn packages(workspace: &str, targets: &[String]) -> Result<Vec<Package>> {
    let mut ask = build::cargo();
    ask.args(["metadata", "--format-version", "1", "--locked", "--all-features", "--manifest-path"]);
    ask.arg(Path::new(workspace).join("Cargo.toml"));
    ask.args(targets.iter().flat_map(|target| ["--filter-platform", target]));
    let Metadata { mut packages, resolve } =
        serde_json::from_str(&tool::output(&mut ask).await?).context("cargo metadata gives another JSON")?;
    let compiled: BTreeSet<_> = resolve.nodes.into_iter().map(|node| node.id).collect();
    packages.retain(|package| compiled.contains(&package.id));
    Ok(packages)
}

/// What cargo-deny finds; without the advisories where their database cannot be had.
async fn ask_cargo_deny(workspace: &str) -> Result<()> {
    let deny = |command: &str, arguments: &[&str]| {
        let mut deny = build::cargo();
        deny.args(["deny", "--locked", "--manifest-path"]).arg(Path::new(workspace).join("Cargo.toml"));
        // A relative path would be one from the workspace on.
        deny.args([command, "--config"]).arg(paths::root().join(FILE)).args(arguments);
        deny
    };
    tool::run(&mut deny("check", &["bans", "licenses", "sources"])).await?;
    if let Err(error) = tool::output(&mut deny("fetch", &["db"])).await {
        progress::note(&format!("SKIPPED: advisories of {workspace}, whose database cannot be had: {error:#}"));
        return Ok(());
    }
    tool::run(&mut deny("check", &["--disable-fetch", "advisories"])).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_dependencies_are_as_they_should_be_and_would_be_found_otherwise() -> Result<()> {
        let text = paths::read(&paths::root().join(FILE))?;
        assert_eq!(faults(&toml::from_str(&text)?).await?, [""; 0]);
        let (allowed, skipped) = ("    \"ISC\",\n", "    { crate = \"embedded-io@0.4\"");
        assert!(text.contains(allowed) && text.contains(skipped));
        let stricter = faults(&toml::from_str(&text.replace(allowed, "").replace(skipped, "    { crate = \"embedded-io@0.5\""))?).await?;
        assert!(stricter.iter().any(|fault| fault.starts_with("./Cargo.lock: untrusted ") && fault.contains("under ISC")), "{stricter:?}");
        assert_eq!(stricter.iter().filter(|fault| fault.contains("Cargo.lock: embedded-io is there in the versions")).count(), 2);
        Ok(())
    }
}
