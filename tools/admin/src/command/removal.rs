//! The command that removes a workspace.

use std::io::{IsTerminal as _, stdin};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::Target;
use crate::removal;

/// Options of `remove-workspace`.
#[derive(Debug, Args)]
pub struct RemoveWorkspace {
    /// Its name
    #[arg(value_name = "NAME")]
    workspace: String,

    /// Does not ask for the name again
    #[arg(long)]
    yes: bool,

    /// The seconds after which it gives up where the drain removes nothing from the store, or somebody else is in the way
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    wait: u64,

    #[command(flatten)]
    target: Target,
}

impl RemoveWorkspace {
    pub(super) async fn run(&self) -> Result<()> {
        self.confirm()?;
        let client = self.target.connect().await?;
        let proof = removal::remove(&client, &self.workspace, Duration::from_secs(self.wait), |text| eprintln!("{text}")).await?;
        println!("{}", serde_json::to_string_pretty(&proof)?);
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        ensure!(stdin().is_terminal(), "nothing is removed: without a terminal nobody can be asked, so say --yes");
        eprintln!(
            "the workspace {} goes for good: its findings, imports and keys, and its reports in the store. Its name again:",
            self.workspace
        );
        let mut name = String::new();
        stdin().read_line(&mut name).context("cannot read the name")?;
        ensure!(name.trim_end_matches(['\r', '\n']) == self.workspace, "nothing is removed: that is another name");
        Ok(())
    }
}
