//! What holds for whatever reads a file in pieces, as a function of any bytes: it sees the same however the bytes are cut, and wherever it is
//! suspended, and what it does grows with the bytes. A broken law is a panic. For tests and fuzz targets.

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

/// What is repeated without an end by somebody who wants a reader to look for one: tags, quotes, braces, references, blanks, one long line, many short
/// documents.
pub const ENDLESS: [&str; 44] = [
    "<a",
    "<a ",
    "<a \"",
    "<a b='",
    "<a b=c ",
    "<a>",
    "</a",
    "</a>",
    "<a/>",
    "<!--",
    "<!-- -->",
    "<!",
    "<?",
    "<![CDATA[",
    "]]>",
    "&",
    "&lt;",
    "&#",
    "<p>",
    "<td>",
    "<script ",
    "{",
    "}",
    "{\"a\":",
    "[",
    "]",
    "[{}],",
    "{}\n",
    "[1]\n",
    "\"",
    "\"a\",",
    "'",
    "\\",
    "\\u",
    "1",
    "1,",
    " ",
    "\n",
    "\r",
    ",",
    ";",
    "x",
    "x\n",
    "\u{1b}[",
];

/// What stands before it.
pub const HEADS: [&str; 8] = ["", "<html><p>", "<r><a>", "<r a=\"", "[", "{\"a\": [", "\"", "a,b\n1,\""];

/// A head, and a text that is repeated behind it up to about so many bytes.
pub fn endless(head: &[u8], unit: &str, length: usize) -> Vec<u8> {
    [head, unit.repeat(length.div_ceil(unit.len())).as_bytes()].concat()
}

/// Times as many steps that twice as many bytes may take, in tenths.
const GROWTH: u64 = 23;
/// Steps that any file may take, such as for what is looked at of its start.
pub const CONSTANT: u64 = 64 * 1024;

/// Holds that steps grow with what is read: twice the bytes take at most 2.3 times the steps, beside those that any file may take.
pub fn is_linear(what: &str, constant: u64, small: (usize, u64), large: (usize, u64)) {
    let ((bytes, steps), (more_bytes, more_steps)) = (small, large);
    let most = (steps + constant) * more_bytes as u64 * GROWTH / (20 * bytes.max(1) as u64);
    assert!(more_steps <= most, "{what}: {bytes} bytes take {steps} steps, {more_bytes} bytes take {more_steps}");
}

/// Steps for each byte that any bytes may take.
const STEPS_PER_BYTE: u64 = 40;

/// Holds that steps are in proportion to bytes, whatever they are.
pub fn is_bounded(bytes: &[u8], steps: u64) {
    let most = CONSTANT + STEPS_PER_BYTE * bytes.len() as u64;
    assert!(steps <= most, "{} bytes take {steps} steps", bytes.len());
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
