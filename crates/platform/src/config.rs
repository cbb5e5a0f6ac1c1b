//! Configuration: the component's variables, as `spin.toml` names them.

use anyhow::{Context, Result};
use spin_sdk::variables;

/// The value of a variable. An error names the variable, never a value.
pub async fn text(name: &str) -> Result<String> {
    variables::get(name).await.with_context(|| format!("the variable {name} cannot be read"))
}

/// The value of a variable that is a whole number.
pub async fn number(name: &str) -> Result<u64> {
    text(name).await?.trim().parse().with_context(|| format!("the variable {name} is not a whole number"))
}
