//! Ids of imports: UUIDs of version 7, so that later ones are greater.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// A new id for now.
pub fn new_id() -> Uuid {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A version 4 UUID is 122 bits of the host's random source; version and variant are set anew.
    let random = Uuid::new_v4().into_bytes();
    id_at(now.as_millis().try_into().unwrap_or(u64::MAX), std::array::from_fn(|i| random[i]))
}

/// The id for a time in milliseconds since 1970 and ten random bytes (RFC 9562, section 5.7).
pub fn id_at(unix_millis: u64, random: [u8; 10]) -> Uuid {
    Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid()
}
