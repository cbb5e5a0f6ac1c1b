//! Secrets that an operator gives: in the environment or on standard input. Arguments can be read by other users of the machine, and are kept by shells.

use std::io::{IsTerminal as _, stdin};

use anyhow::{Context as _, Result, bail};

/// The environment's variable, or a line of standard input where there is none.
pub(crate) fn read(variable: &str, what: &str) -> Result<String> {
    match std::env::var(variable) {
        Ok(secret) if !secret.is_empty() => return Ok(secret),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{variable} is not UTF-8"),
        _ => {}
    }
    if stdin().is_terminal() {
        eprintln!("{what}:");
    }
    let mut line = String::new();
    stdin().read_line(&mut line).with_context(|| format!("cannot read {what} from standard input"))?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => bail!("{what} is needed: as {variable} in the environment, or as a line on standard input"),
        secret => Ok(secret.to_owned()),
    }
}
