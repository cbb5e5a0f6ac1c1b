//! What an operator sets beside the manifest (`--runtime-config-file`): of Spin's settings those that mean something here. Others are errors, as
//! they are in Spin where it does not know them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::sync::Semaphore;

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Connections to PostgreSQL.
    #[serde(default)]
    pub outbound_pg: OutboundPg,
    /// Which servers are trusted beside those that everybody trusts.
    #[serde(default)]
    pub client_tls: Vec<ClientTls>,
}

/// Connections to PostgreSQL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundPg {
    /// How many the guests of all components may hold at a time; the others wait. Those that lie in the pools do not count.
    pub max_connections: Option<usize>,
}

/// Authorities that some components trust for some hosts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientTls {
    /// The components.
    pub component_ids: Vec<String>,
    /// The hosts.
    pub hosts: Vec<String>,
    /// Their authorities' certificates, in PEM.
    pub ca_roots_file: PathBuf,
}

impl RuntimeConfig {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a usable runtime configuration", path.display()))
    }

    /// The connections to PostgreSQL that guests may hold, where there is a limit.
    pub fn connections(&self) -> Option<Arc<Semaphore>> {
        self.outbound_pg.max_connections.map(|most| Arc::new(Semaphore::new(most)))
    }
}

impl ClientTls {
    /// Whether it is meant for a request of a component to a host.
    pub fn is_for(&self, component: &str, host: &str) -> bool {
        self.component_ids.iter().any(|id| id == component) && self.hosts.iter().any(|known| known == host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_an_error() {
        for text in ["[outbound_http]\nconnection_pooling = true", "[outbound_pg]\nmax = 3", "state_dir = 'x'"] {
            assert!(toml::from_str::<RuntimeConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn authorities_are_for_the_components_and_hosts_that_are_named() {
        let text = "[[client_tls]]\ncomponent_ids = ['a', 'b']\nhosts = ['localhost']\nca_roots_file = 'ca.pem'";
        let config: RuntimeConfig = toml::from_str(text).unwrap();
        assert!(config.client_tls[0].is_for("b", "localhost"));
        assert!(!config.client_tls[0].is_for("c", "localhost"));
        assert!(!config.client_tls[0].is_for("a", "127.0.0.1"));
    }
}
