//! What makes two findings, assets or occurrences the same: a hash over the parts that say so.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::{Asset, Location};

/// An identity as 128 bits, in the form of a UUID of version 8 (RFC 9562, section 5.8): 122 bits of a SHA-256.
pub type Id = uuid::Uuid;

/// From this length on a part's length follows in eight bytes, the lowest first.
const LONG: u8 = 255;

/// Bytes of an occurrence's id that are those of its asset.
const SHARED: usize = 4;

/// What makes two findings the same: the parts in order. Which parts those are depends on the kind of finding:
///
/// | kind | parts after tool and rule |
/// |---|---|
/// | host | none |
/// | web | site |
/// | code | path, and the tool's own fingerprint, or else the code or the message |
/// | dependency | package, version |
/// | secret | path, the secret |
/// | configuration | resource or path |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity(Id);

impl Identity {
    /// The identity of a finding from tool, rule and the further parts of its kind.
    pub fn finding(tool: &str, rule_id: &str, parts: &[&str]) -> Self {
        let head = ["finding", tool, rule_id];
        Self(hash(&head.iter().chain(parts).map(|part| part.as_bytes()).collect::<Vec<_>>()))
    }

    /// The id under which the finding is stored.
    pub fn id(&self) -> Id {
        self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl Asset {
    /// The id under which the asset is stored: its kind and identity.
    pub fn id(&self) -> Id {
        hash(&[b"asset", format!("{:?}", self.kind).as_bytes(), self.identity.as_bytes()])
    }
}

/// The id under which an occurrence is stored: the finding, the asset and the place on it. The service's name is not part of it: scanners
/// differ in how they name what they found on a port. It begins as the asset's id does: reports go from asset to asset, so what is stored
/// together is together in the index, too, however many rows it has.
pub(crate) fn occurrence_id<'a>(finding: Id, asset: Id, location: &'a Location) -> Id {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (port, line) = (number(location.port.map(u64::from)), number(location.line));
    let text = |field: &'a Option<String>| field.as_deref().unwrap_or_default().as_bytes();
    let own = hash(&[
        b"occurrence",
        finding.as_bytes(),
        asset.as_bytes(),
        text(&location.host),
        port.as_bytes(),
        text(&location.protocol),
        text(&location.url),
        text(&location.parameter),
        text(&location.path),
        line.as_bytes(),
    ]);
    let bytes = |i: usize| if i < SHARED { asset.as_bytes()[i] } else { own.as_bytes()[i] };
    Builder::from_custom_bytes(std::array::from_fn(bytes)).into_uuid()
}

/// SHA-256 over the parts, each after its length (so that no two lists of parts run into the same bytes), cut to 128 bits.
///
/// The length takes one byte, or nine from [`LONG`] on. In WebAssembly, where no instruction of the processor helps, the hash took up to a sixth of the
/// time of decoding (perf, Nmap), and it goes by blocks of 64 bytes: with lengths of eight bytes there are more of them.
fn hash(parts: &[&[u8]]) -> Id {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 9).sum());
    for part in parts {
        let length = u8::try_from(part.len()).unwrap_or(LONG);
        bytes.push(length);
        if length == LONG {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        }
        bytes.extend_from_slice(part);
    }
    let digest = Sha256::digest(&bytes);
    Builder::from_custom_bytes(std::array::from_fn(|i| digest[i])).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let one = Identity::finding("tool", "rule", &["ab", "c"]);
        let other = Identity::finding("tool", "rule", &["a", "bc"]);
        assert_ne!(one, other);
        let long = "a".repeat(255);
        assert_ne!(Identity::finding("tool", "rule", &[&long, "b"]), Identity::finding("tool", "rule", &[&(long.clone() + "b")]));
    }

    #[test]
    fn the_service_name_does_not_make_another_occurrence() {
        let id = |service: &str| {
            let location = Location { port: Some(443), service: Some(service.into()), ..Location::default() };
            occurrence_id(Id::nil(), Id::nil(), &location)
        };
        assert_eq!(id("https"), id("www"));
    }

    #[test]
    fn occurrences_on_an_asset_are_near_each_other() {
        let asset = Asset { identity: "h".into(), ..Asset::default() }.id();
        let id = |port| occurrence_id(Id::nil(), asset, &Location { port: Some(port), ..Location::default() });
        assert_eq!(id(1).as_bytes()[..SHARED], asset.as_bytes()[..SHARED]);
        assert_ne!(id(1), id(2));
        assert_eq!((id(1).get_version_num(), id(1).get_variant()), (8, uuid::Variant::RFC4122));
    }
}
