//! `spillway-admin`: the [commands](admin::Command) of an operator.

use std::process::ExitCode;

use clap::Parser;

/// Makes and updates Spillway's schema, makes and ends API keys, and reads reports without a server.
#[derive(Debug, Parser)]
#[command(name = "spillway-admin", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: admin::Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
