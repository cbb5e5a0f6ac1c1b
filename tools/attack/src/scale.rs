//! How large the attacks are.

use std::time::Duration;

use generate::dice::Dice;

/// Sizes of the attacks.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    /// For how long an attack goes on at least, and for how long the other tenant is alone.
    pub(super) lasts: Duration,
    /// Bytes of a report without an end.
    pub(super) endless: usize,
    /// Of all that is written without an end or packed without measure each one in so many, from this one on.
    pub(super) one_in: usize,
    pub(super) first: usize,
    /// Findings that are as large as may be.
    pub(super) large: usize,
    /// Findings whose lists are asked for.
    pub(super) listed: usize,
    /// Endpoints of one record.
    pub(super) endpoints: u16,
    /// Places of one result.
    pub(super) places: usize,
    /// Uploads that are held open, and heads that are not sent to their end.
    pub(super) held: usize,
    pub(super) heads: usize,
}

impl Scale {
    /// What a security review sent, and about as much of everything else.
    pub(super) fn usual() -> Self {
        Self {
            lasts: Duration::from_secs(10),
            endless: 275_000,
            one_in: 1,
            first: 0,
            large: 60,
            listed: 100_000,
            endpoints: 5_000,
            places: 50,
            held: 1_010,
            heads: 300,
        }
    }

    /// For a test of less than a minute.
    pub(super) fn short() -> Self {
        Self {
            lasts: Duration::from_millis(800),
            endless: 32_000,
            one_in: 11,
            large: 5,
            listed: 2_000,
            endpoints: 500,
            places: 5,
            held: 200,
            heads: 50,
            ..Self::usual()
        }
    }

    /// The same attacks in sizes that are drawn, from half to twice as large.
    pub(super) fn drawn(&self, dice: &mut Dice) -> Self {
        let mut percent = || dice.between(50, 200) as usize;
        let mut drawn = |size: usize| (size * percent() / 100).max(1);
        let (endless, large, listed, places) = (drawn(self.endless), drawn(self.large), drawn(self.listed), drawn(self.places));
        let (held, heads, endpoints) = (drawn(self.held), drawn(self.heads), drawn(self.endpoints.into()));
        let first = dice.below(u32::try_from(self.one_in).unwrap_or(u32::MAX)) as usize;
        let endpoints = u16::try_from(endpoints).unwrap_or(u16::MAX);
        Self { endless, first, large, listed, endpoints, places, held, heads, ..self.clone() }
    }

    /// Those of a list that are sent.
    pub(super) fn some_of<T>(&self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.first).step_by(self.one_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_sizes_and_some_of_everything_is_sent() {
        let drawn = |seed| Scale::short().drawn(&mut Dice::new(seed));
        assert_eq!(format!("{:?}", drawn(2)), format!("{:?}", drawn(2)));
        assert_ne!(format!("{:?}", drawn(2)), format!("{:?}", drawn(3)));
        for seed in 0..20 {
            let scale = drawn(seed);
            assert!(scale.large > 0 && scale.some_of(0..scale.one_in).count() == 1, "{scale:?}");
        }
    }
}
