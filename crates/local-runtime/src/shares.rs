//! Places that callers share: so many in all, and so many for each address, so that none has them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Places. Those who wait for one get it in the order in which they came.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    most_of_each: usize,
    all: Arc<Semaphore>,
    networks: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Share {
    of: Arc<Shares>,
    network: IpAddr,
    permits: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoShare {
    /// All are taken, so many.
    All(usize),
    /// The address has its part, so many.
    Address(usize),
}

impl Shares {
    /// So many in all, and so many for each address.
    pub fn new(most: usize, most_of_each: usize) -> Arc<Self> {
        let (most, most_of_each) = (most.min(Semaphore::MAX_PERMITS), most_of_each.min(Semaphore::MAX_PERMITS));
        Arc::new(Self { most, most_of_each, all: Arc::new(Semaphore::new(most)), networks: Mutex::default() })
    }

    /// Takes a place for an address, or waits for one that long.
    pub async fn take(self: &Arc<Self>, address: IpAddr, wait: Duration) -> Result<Share, NoShare> {
        let (network, latest) = (network(address), Instant::now() + wait);
        // The address's first: those who wait for that keep nobody else waiting.
        let of_network = acquire(self.of_network(network), latest).await.ok_or(NoShare::Address(self.most_of_each))?;
        let of_all = acquire(Arc::clone(&self.all), latest).await.ok_or(NoShare::All(self.most))?;
        Ok(Share { of: Arc::clone(self), network, permits: Some((of_network, of_all)) })
    }

    fn of_network(&self, network: IpAddr) -> Arc<Semaphore> {
        Arc::clone(self.networks().entry(network).or_insert_with(|| Arc::new(Semaphore::new(self.most_of_each))))
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn acquire(places: Arc<Semaphore>, latest: Instant) -> Option<OwnedSemaphorePermit> {
    timeout_at(latest, places.acquire_owned()).await.ok()?.ok()
}

impl Drop for Share {
    fn drop(&mut self) {
        self.permits = None;
        let mut networks = self.of.networks();
        // Nobody of the network has a place or waits for one.
        if networks.get(&self.network).is_some_and(|places| Arc::strong_count(places) == 1) {
            networks.remove(&self.network);
        }
    }
}

/// What an address counts as: one of IPv6 as the network of 64 bits that whoever has one has whole.
fn network(address: IpAddr) -> IpAddr {
    const HOST: u128 = u64::MAX as u128;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !HOST).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    async fn take(shares: &Arc<Shares>, address: IpAddr) -> Result<Share, NoShare> {
        shares.take(address, Duration::ZERO).await
    }

    #[tokio::test]
    async fn an_address_has_its_part_and_leaves_the_others_theirs() {
        let shares = Shares::new(3, 2);
        let (one, other) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut held = vec![take(&shares, one).await.unwrap(), take(&shares, one).await.unwrap()];
        assert_eq!(take(&shares, one).await.unwrap_err(), NoShare::Address(2));
        held.push(take(&shares, other).await.unwrap());
        assert_eq!(take(&shares, other).await.unwrap_err(), NoShare::All(3));
        held.remove(0);
        held.push(take(&shares, other).await.unwrap());
        held.clear();
        assert!(shares.networks().is_empty(), "nobody is remembered for ever");
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_place_and_not_for_ever() {
        let shares = Shares::new(1, 1);
        let held = take(&shares, address("10.0.0.1")).await.unwrap();
        assert_eq!(shares.take(address("10.0.0.1"), Duration::from_millis(20)).await.unwrap_err(), NoShare::Address(1));
        assert_eq!(shares.take(address("10.0.0.2"), Duration::from_millis(20)).await.unwrap_err(), NoShare::All(1));
        let next = shares.take(address("10.0.0.2"), Duration::from_mins(1));
        let (next, ()) = tokio::join!(next, async { drop(held) });
        assert!(next.is_ok());
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one() {
        assert_eq!(network(address("2001:db8:1:2::3")), network(address("2001:db8:1:2:ffff::4")));
        assert_ne!(network(address("2001:db8:1:2::3")), network(address("2001:db8:1:3::3")));
        assert_eq!(network(address("::ffff:10.0.0.1")), address("10.0.0.1"));
    }
}
