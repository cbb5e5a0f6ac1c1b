//! Connection pools of one component, one for each address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Connection;
use crate::bindings::spin::postgres::postgres::Error;
use crate::outbound::AllowedHosts;
use crate::threads::within;

/// Connections to one address, as in Spin. Who comes later waits.
const CONNECTIONS: usize = 64;

/// The same where the runtime is tuned: a server of few processors works on so many statements at a time at best, opening a connection takes it
/// as long as fifty short statements, and each takes memory for as long as it stands.
const TUNED_CONNECTIONS: usize = 16;

/// Addresses that are remembered, as in Spin.
const ADDRESSES: usize = 16;

const DEFAULT_PORT: u16 = 5432;

/// An address, and the certificate of the authority that its server is to have its own from.
pub(super) type Target = (String, Option<String>);

/// The pools of a component.
pub struct Pools {
    by_target: Mutex<HashMap<Target, Pool>>,
    tuned: bool,
    /// Connections that the guests of all components may hold.
    held: Option<Arc<Semaphore>>,
    /// How long a guest waits for one.
    wait: Duration,
    /// The threads of the connections.
    io: Handle,
}

impl Pools {
    /// No pools yet. All components share `held`; whoever finds no connection within `wait` is told so.
    pub fn new(tuned: bool, held: Option<Arc<Semaphore>>, wait: Duration, io: Handle) -> Self {
        Self { by_target: Mutex::default(), tuned, held, wait, io }
    }

    /// Opens a connection that the rules allow.
    pub(super) async fn open(&self, target: Target, allowed: &AllowedHosts) -> Result<Connection, Error> {
        let pool = self.pool(target, allowed).map_err(Error::ConnectionFailed)?;
        let opening = async {
            let permit = match &self.held {
                Some(held) => Arc::clone(held).acquire_owned().await.ok(),
                None => None,
            };
            let client = pool.get().await.map_err(|error| Error::ConnectionFailed(format!("{error:?}")))?;
            Ok::<_, Error>(Connection { client: Arc::new(client), _permit: permit })
        };
        let opened = within(&self.io, async { timeout(self.wait, opening).await }).await;
        opened.unwrap_or_else(|_| Err(Error::ConnectionFailed(format!("no connection was free within {} s", self.wait.as_secs_f32()))))
    }

    fn pool(&self, target: Target, allowed: &AllowedHosts) -> Result<Pool, String> {
        let mut pools = self.by_target.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&target) {
            return Ok(pool.clone());
        }
        let (address, authority) = &target;
        let config: Config = address.parse().map_err(|error| format!("the address cannot be parsed: {error:?}"))?;
        check(&config, allowed)?;
        if pools.len() >= ADDRESSES {
            pools.clear();
        }
        let pool = self.new_pool(config, authority.as_deref())?;
        pools.insert(target, pool.clone());
        Ok(pool)
    }

    fn new_pool(&self, config: Config, authority: Option<&str>) -> Result<Pool, String> {
        let tls = MakeRustlsConnect::new(tls_client::system_and(authority).map_err(|error| error.to_string())?);
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Clean });
        let pool = if self.tuned {
            // The one that was used last is taken first: what its server process has in its caches is still there.
            Pool::builder(manager).max_size(TUNED_CONNECTIONS).queue_mode(QueueMode::Lifo)
        } else {
            Pool::builder(manager).max_size(CONNECTIONS)
        };
        pool.build().map_err(|error| format!("no pool: {error:?}"))
    }
}

/// All hosts of an address must be allowed.
fn check(config: &Config, allowed: &AllowedHosts) -> Result<(), String> {
    for (host, port) in hosts(config)? {
        if !allowed.allows("postgres", &host, port) {
            return Err(format!("address postgres://{host}:{port} is not permitted by allowed_outbound_hosts"));
        }
    }
    Ok(())
}

/// The hosts of an address with their ports: one port for all of them, or one for each.
fn hosts(config: &Config) -> Result<Vec<(String, u16)>, String> {
    let mut names = Vec::new();
    for host in config.get_hosts() {
        match host {
            Host::Tcp(name) => names.push(name.clone()),
            Host::Unix(path) => return Err(format!("address {} is a Unix socket, which no rule permits", path.display())),
        }
    }
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
    let by_name = names.into_iter().enumerate().map(|(index, name)| (name, port(index)));
    let by_address = config.get_hostaddrs().iter().enumerate().map(|(index, address)| (address.to_string(), port(index)));
    let hosts: Vec<_> = by_name.chain(by_address).collect();
    if hosts.is_empty() { Err("the address names no host".to_owned()) } else { Ok(hosts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(address: &str) -> Result<(), String> {
        let allowed = AllowedHosts::parse(&["postgres://localhost:5432".to_owned()]).unwrap();
        check(&address.parse().unwrap(), &allowed)
    }

    #[test]
    fn an_allowed_address_passes_in_both_forms() {
        checked("postgres://user:password@localhost/db").unwrap();
        checked("host=localhost port=5432 user=user").unwrap();
    }

    #[test]
    fn every_host_of_an_address_is_checked() {
        assert!(checked("host=localhost,elsewhere user=user").is_err());
        assert!(checked("host=localhost hostaddr=10.0.0.1 user=user").is_err());
        assert!(checked("postgres://user@localhost:5433/db").is_err());
        assert!(checked("user=user").is_err());
    }

    #[test]
    fn unix_sockets_are_refused_in_words() {
        assert!(checked("host=/var/run/postgresql user=user").unwrap_err().contains("Unix socket"));
    }
}
