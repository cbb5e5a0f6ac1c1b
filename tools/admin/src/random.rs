//! Random text for passwords, keys and names.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits as 43 characters that are safe in URLs.
pub fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// So many random bytes as hexadecimal digits, for names.
pub fn hex(length: usize) -> Result<String> {
    let mut bytes = vec![0; length];
    fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).context("the system gives no random bytes")
}
