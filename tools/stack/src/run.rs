//! How a tool runs and ends.

use std::process::ExitCode;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// Runs a command until it ends or somebody ends it. In both cases what it started ends with it.
#[tokio::main]
pub async fn run(command: impl Future<Output = Result<()>>) -> ExitCode {
    match to_end(command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn to_end(command: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        result = command => result.map(|()| ExitCode::SUCCESS),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        _ = terminated.recv() => Ok(ExitCode::from(143)),
        _ = hung_up.recv() => Ok(ExitCode::from(129)),
    }
}
