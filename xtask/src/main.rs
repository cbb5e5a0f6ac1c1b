//! `cargo xtask`: the commands.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use admin::Command as Admin;
use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use generate::Generate;
use stack::build::{self, OtherRuntime};

mod ci;
mod contract;
mod demo;
mod dependencies;
mod formats;
mod openapi;
mod reference;
mod tables;
mod test;
mod up;

/// Builds, runs and tests Spillway on this machine. Everything that it makes is under .spillway/ and target/.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts everything, imports samples of every format and a big generated report, shows the results, and stops everything
    Demo(demo::Demo),

    /// Starts everything and keeps it running until Ctrl-C: PostgreSQL, an object store, the app
    Up(up::Up),

    /// Runs all tests: unit, SQL (pgTAP), end to end over two object stores, a round of each fault of `torture`, and a short one of `attack`
    Test(OtherRuntime),

    /// Runs what CI runs: formatting, deny.toml, lints, sql/tables.sql, docs/formats.md, docs/openapi.json, and all tests
    Ci,

    /// Measures everything that is said of speed, each figure beside its reference
    Bench(Passed),

    /// Imports reports while everything goes wrong that can, and compares what comes of it with what came without
    Torture(Passed),

    /// Does what harms most, and measures what it costs whoever does it and another tenant beside it
    Attack(Passed),

    /// Asks the app all that its OpenAPI document allows, and compares what it answers with what stands there
    Contract(contract::Contract),

    /// Reads the files of folders, and compares what comes of them with what other programs read
    Compare(Passed),

    /// Prints a made-up report of any size; the same size and seed give the same bytes
    #[command(subcommand)]
    Generate(Generate),

    #[command(flatten)]
    Admin(Admin),

    /// Writes sql/tables.sql from the migrations
    Tables,

    /// Writes docs/formats.md from the descriptions of the formats
    Formats,

    /// Writes docs/openapi.json and docs/reference.html, as they are served, from docs/openapi.yaml
    Openapi,
}

/// What a tool gets that is a program of its own: whoever does not need it does not build it.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
struct Passed {
    /// The options: --help names them
    #[arg(value_name = "OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    stack::run(Cli::parse().command.run())
}

impl Command {
    async fn run(self) -> Result<()> {
        match self {
            Self::Demo(demo) => demo.run().await,
            Self::Up(up) => up.run().await,
            Self::Test(other) => test::run(&other).await,
            Self::Ci => ci::run().await,
            Self::Bench(passed) => passed.become_tool("bench"),
            Self::Torture(passed) => passed.become_tool("torture"),
            Self::Attack(passed) => passed.become_tool("attack"),
            Self::Contract(contract) => contract.run().await,
            Self::Compare(passed) => passed.become_tool("compare"),
            Self::Generate(generate) => generate.run(),
            Self::Admin(command) => command.run().await,
            Self::Tables => tables::write().await,
            Self::Formats => formats::write(),
            Self::Openapi => openapi::write(),
        }
    }
}

impl Passed {
    /// Goes on as the tool, so that signals reach it and nobody else.
    fn become_tool(&self, name: &str) -> Result<()> {
        let error = build::tool(name).args(&self.arguments).as_std_mut().exec();
        Err(error).context("cannot run cargo")
    }
}
