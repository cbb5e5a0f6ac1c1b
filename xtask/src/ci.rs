//! `ci`: what has to hold before a change goes in.

use anyhow::{Context as _, Result};
use stack::{build, progress, tool};

use crate::{formats, tables, test};

/// Runs all checks, the quick ones first.
pub(crate) async fn run() -> Result<()> {
    format().await?;
    lint_native().await?;
    lint_functions().await?;
    progress::note("docs/formats.md");
    formats::check()?;
    progress::note("sql/tables.sql");
    tables::check().await?;
    test::run(&build::OtherRuntime::default()).await
}

async fn format() -> Result<()> {
    progress::note("formatting");
    tool::run(build::cargo().args(["fmt", "--all", "--check"])).await.context("the code is not formatted: run `cargo fmt --all`")
}

async fn lint_native() -> Result<()> {
    progress::note("lints of the native code");
    let mut clippy = build::cargo();
    clippy.args(["clippy", "--workspace", "--all-targets"]).args(test::without_functions());
    tool::run(clippy.args(["--", "--deny", "warnings"])).await
}

async fn lint_functions() -> Result<()> {
    progress::note("lints of the components");
    build::add_target().await?;
    let mut clippy = build::cargo();
    clippy.args(["clippy", "--target", build::TARGET]);
    for component in build::FUNCTIONS.into_iter().chain([build::DECODING]) {
        clippy.args(["--package", component]);
    }
    tool::run(clippy.args(["--", "--deny", "warnings"])).await
}
