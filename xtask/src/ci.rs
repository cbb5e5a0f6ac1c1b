//! `ci`: what has to hold before a change goes in.

use anyhow::{Context as _, Result};
use stack::{build, progress, tool};

use crate::{dependencies, formats, openapi, tables, test};

/// Runs all checks, the quick ones first.
pub(crate) async fn run() -> Result<()> {
    format().await?;
    progress::note("deny.toml");
    dependencies::check().await?;
    lint_native().await?;
    lint_functions().await?;
    lint_fuzz_targets().await?;
    progress::note("docs/formats.md");
    formats::check()?;
    progress::note("docs/openapi.json");
    openapi::check()?;
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

/// A workspace of its own, which nothing else compiles.
async fn lint_fuzz_targets() -> Result<()> {
    progress::note("lints of the fuzz targets");
    let mut clippy = build::cargo();
    clippy.args(["clippy", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"]);
    // Nothing is linked, so libFuzzer, which is C++, need not be compiled.
    clippy.env("CUSTOM_LIBFUZZER_PATH", "/libfuzzer.a");
    let linted = tool::run(clippy.args(["--", "--deny", "warnings"])).await;
    linted.context("where fuzz/Cargo.lock is out of date, `cargo update --workspace --manifest-path fuzz/Cargo.toml` mends it")
}
