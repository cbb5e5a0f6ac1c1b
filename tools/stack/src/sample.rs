//! Times of the same thing, measured again and again.

use std::time::Duration;

/// Times, in order.
#[derive(Clone, Debug)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Of these.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least time that so many of a hundred do not exceed; zero where there is none at all.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// What half of them do not exceed.
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }
}

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self::new(times.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_times_themselves() {
        let sample: Sample = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!([1, 50, 95, 100].map(|percent| sample.percentile(percent).as_millis()), [1, 50, 95, 100]);
        let three: Sample = [30, 10, 20].map(Duration::from_millis).into_iter().collect();
        assert_eq!((three.median().as_millis(), three.percentile(95).as_millis()), (20, 30));
        assert_eq!(Sample::new(Vec::new()).median(), Duration::ZERO);
    }
}
