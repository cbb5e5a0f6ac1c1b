//! Free ports on this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// Below the range from which systems take the local ports of outgoing connections: such a connection cannot take a port between
/// the moment when it was found free and the moment when a server binds it.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port on 127.0.0.1 that nothing listens on. The same process never gets a port twice, and processes start at different places.
pub fn free() -> Result<u16> {
    free_run(1)
}

/// An address of this machine with such a port.
pub fn free_address() -> Result<SocketAddr> {
    Ok((Ipv4Addr::LOCALHOST, free()?).into())
}

/// The first of several free ports in a row.
pub fn free_run(length: u16) -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = RANGE.end - RANGE.start - length;
    let start = u16::try_from(std::process::id().wrapping_mul(61) % u32::from(span)).unwrap_or_default();
    for _ in 0..span {
        let offset = NEXT.fetch_add(length, Ordering::Relaxed).wrapping_add(start) % span;
        let first = RANGE.start + offset;
        if (first..first + length).all(is_free) {
            return Ok(first);
        }
    }
    bail!("no free port between {} and {} on 127.0.0.1", RANGE.start, RANGE.end);
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
