//! What holds for whatever reads a file in pieces, as a function of any bytes: it sees the same however the bytes are cut, and wherever it is
//! suspended. A broken law is a panic. For tests and fuzz targets.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

/// How a file is served, as a function of its bytes alone: a found case shows itself again.
#[derive(Clone, Debug)]
pub struct Cuts {
    sequence: Sequence,
    /// The longest piece, in bytes.
    most: usize,
}

/// Constants of Knuth's MMIX.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;
/// Bytes of a piece, at most.
const PIECES: [usize; 3] = [1, 5, 300];

/// A linear congruential generator, from a seed: any sequence will do, as long as it is the same every time.
#[derive(Clone, Debug)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The next number, below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

impl Cuts {
    /// Pieces of up to `most` bytes.
    pub fn of(bytes: &[u8], most: usize) -> Self {
        Self { sequence: Sequence(hash(bytes) ^ most as u64), most }
    }

    /// Pieces that hold everything.
    pub fn none() -> Self {
        Self { sequence: Sequence(0), most: usize::MAX }
    }

    /// The next piece, from an offset on; empty at the end.
    pub fn piece<'a>(&mut self, bytes: &'a [u8], position: u64) -> &'a [u8] {
        let at = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
        let length = if self.most == usize::MAX { bytes.len() } else { 1 + self.sequence.below(self.most) };
        &bytes[at..bytes.len().min(at.saturating_add(length))]
    }
}

/// What a reader saw, and the error at which it ended if it did not end well.
#[derive(Debug, PartialEq)]
pub struct Seen<T, E> {
    /// In the file's order.
    pub items: Vec<T>,
    /// None where it read to the end.
    pub error: Option<E>,
}

impl<T, E> Default for Seen<T, E> {
    fn default() -> Self {
        Self { items: Vec::new(), error: None }
    }
}

/// Reads whole, in pieces, and with a new reader after each item (`read`'s second argument): all have to see the same.
pub fn obeys<T: Debug + PartialEq>(bytes: &[u8], read: impl Fn(Cuts, bool) -> T) {
    let whole = read(Cuts::none(), false);
    for most in PIECES {
        assert_eq!(read(Cuts::of(bytes, most), false), whole, "in pieces of up to {most} bytes");
    }
    assert_eq!(read(Cuts::none(), true), whole, "suspended after each item");
    assert_eq!(read(Cuts::of(bytes, 50), true), whole, "suspended after each item, in pieces of up to 50 bytes");
}

/// FNV-1a, a number that follows from the bytes alone.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Holds what the fuzz target once found to a law: see `fuzz/README.md`.
pub fn found(target: &str, obeys: fn(&[u8])) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/found").join(target);
    for case in fs::read_dir(cases).into_iter().flatten().flatten() {
        eprintln!("{}", case.path().display());
        obeys(&fs::read(case.path()).expect("a readable case"));
    }
}
