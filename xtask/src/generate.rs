//! Reports of any size, made up: for the demo, the benchmark and the tests of memory.
//!
//! The same size and seed give the same bytes, on every machine and in every version (`rand_chacha` promises that of its generator).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

mod nessus;
pub use nessus::{NessusSize, nessus};

mod sarif;
pub use sarif::{SarifSize, sarif};

/// What is drawn from a seed.
struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below the limit.
    fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(limit)) >> 32) as u32
    }

    /// A number from `low` on, below `high`.
    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low)
    }

    /// Whether something happens that does in so many of a hundred cases.
    fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(u32::try_from(from.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// Sentences of at least so many bytes.
    fn prose(&mut self, bytes: u32) -> String {
        const SUBJECTS: [&str; 12] = [
            "The remote service",
            "The version of the software on the remote host",
            "An unauthenticated, remote attacker",
            "The web application",
            "The operating system of the host",
            "A flaw in the handling of requests",
            "The certificate of the service",
            "The default configuration",
            "A local user",
            "An out-of-bounds read in the parser",
            "The management interface",
            "The library behind the service",
        ];
        const VERBS: [&str; 10] = [
            "is affected by",
            "does not check",
            "allows access to",
            "discloses",
            "can be made to reveal",
            "fails to limit",
            "accepts",
            "relies on",
            "is reached through",
            "does not encrypt",
        ];
        const OBJECTS: [&str; 14] = [
            "a specially crafted packet",
            "the names of local accounts",
            "memory of the process",
            "weak ciphers & outdated protocols",
            "files outside of its directory",
            "a condition that stops the service",
            "the credentials of other users",
            "input of more than 4096 bytes",
            "the response to a \"TRACE\" request",
            "values < 0 in the length field",
            "a key of 1024 bits",
            "several vulnerabilities",
            "requests without authentication",
            "the session of an administrator",
        ];
        let mut text = String::new();
        while text.len() < bytes as usize {
            if !text.is_empty() {
                text.push_str(if self.percent(15) { "\n\n" } else { " " });
            }
            for (list, end) in [(&SUBJECTS[..], " "), (&VERBS, " "), (&OBJECTS, ".")] {
                text.push_str(self.pick(list));
                text.push_str(end);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut dice = Dice::new(1);
        let numbers: Vec<u32> = (0..4).map(|_| dice.below(1000)).collect();
        assert_eq!(numbers, [549, 402, 984, 80]);
    }
}
