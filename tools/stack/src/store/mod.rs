//! An S3 store for the machine at hand: one inside this process, or SeaweedFS, or one that somebody else runs.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use admin::random;
use anyhow::{Context as _, Result, bail};
use s3_requests::{Bucket, Operation, object_page};

use crate::paths::TemporaryDir;

mod files;
mod in_process;
mod seaweedfs;

pub use seaweedfs::install as install_seaweedfs;

const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "spillway";

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// s3s with s3s-fs: nothing to install, starts at once.
    InProcess,
    /// SeaweedFS: an independent implementation that checks signatures strictly.
    SeaweedFs,
}

/// A running store, stopped on `Drop`.
#[derive(Debug)]
pub struct Server {
    endpoint: String,
    secret_key: String,
    _running: Running,
    _temporary: Option<TemporaryDir>,
}

/// What runs, for as long as it is held.
#[derive(Debug)]
enum Running {
    InProcess { _server: in_process::Server },
    SeaweedFs { _server: seaweedfs::Server },
}

impl Server {
    /// Starts a store whose objects are in `dir`.
    pub async fn start(kind: StoreKind, dir: &Path) -> Result<Self> {
        let secret_key = random::secret()?;
        let (endpoint, running) = match kind {
            StoreKind::InProcess => {
                let server = in_process::Server::start(dir, ACCESS_KEY, &secret_key)?;
                (server.endpoint(), Running::InProcess { _server: server })
            }
            StoreKind::SeaweedFs => {
                let server = seaweedfs::Server::start(dir, ACCESS_KEY, &secret_key).await?;
                (server.endpoint(), Running::SeaweedFs { _server: server })
            }
        };
        Ok(Self { endpoint, secret_key, _running: running, _temporary: None })
    }

    /// The store that the tests of one process share: it is there as long as one of them holds it, and its objects go with it.
    pub async fn shared(kind: StoreKind) -> Result<Arc<Self>> {
        static SHARED: tokio::sync::Mutex<Option<(StoreKind, Weak<Server>)>> = tokio::sync::Mutex::const_new(None);
        let mut shared = SHARED.lock().await;
        if let Some((known, server)) = &*shared
            && *known == kind
            && let Some(server) = server.upgrade()
        {
            return Ok(server);
        }
        let temporary = TemporaryDir::new("store")?;
        let server = Self::start(kind, temporary.path()).await?;
        let server = Arc::new(Self { _temporary: Some(temporary), ..server });
        *shared = Some((kind, Arc::downgrade(&server)));
        Ok(server)
    }

    /// A bucket of this store, made when it is not there.
    pub async fn bucket(&self, name: &str) -> Result<Store> {
        let store = Store {
            endpoint: self.endpoint.clone(),
            region: REGION.into(),
            bucket: name.into(),
            access_key: ACCESS_KEY.into(),
            secret_key: self.secret_key.clone(),
        };
        store.create().await?;
        Ok(store)
    }
}

/// A bucket and who may use it: what the functions are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The store's URL, without a path.
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl Store {
    /// The keys of all objects, in order.
    pub async fn list_objects(&self) -> Result<Vec<String>> {
        let client = reqwest::Client::new();
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let answer = client.execute(self.request(&Operation::list(token.as_deref()))?).await?.error_for_status()?;
            let page = object_page(&answer.bytes().await?)?;
            keys.extend(page.keys);
            token = page.token;
            if token.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn create(&self) -> Result<()> {
        let request = self.request(&Operation::create_bucket())?;
        let answer = reqwest::Client::new().execute(request).await.context("the store does not answer")?;
        // 409: it is there already.
        if !answer.status().is_success() && answer.status() != reqwest::StatusCode::CONFLICT {
            bail!("cannot create the bucket {}: {} {}", self.bucket, answer.status(), answer.text().await.unwrap_or_default());
        }
        Ok(())
    }

    /// The signed request of an operation, to be sent now.
    pub fn request(&self, operation: &Operation<'_>) -> Result<reqwest::Request> {
        let bucket = Bucket::new(&self.endpoint, &self.bucket, &self.region, &self.access_key, &self.secret_key);
        bucket.request(operation, SystemTime::now())?.try_into().with_context(|| format!("the store's URL {} is none", self.endpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over SeaweedFS the end-to-end tests show the same.
    #[tokio::test]
    async fn the_store_in_this_process_keeps_objects_and_checks_signatures() -> Result<()> {
        let server = Server::shared(StoreKind::InProcess).await?;
        let store = server.bucket("a-bucket").await?;
        let same = server.bucket("a-bucket").await?;
        assert_eq!(store, same);
        let client = reqwest::Client::new();
        client.execute(store.request(&Operation::put("a/key", "some bytes".into()))?).await?.error_for_status()?;
        let read = Operation::read("a/key", 0..4);
        assert_eq!(client.execute(store.request(&read)?).await?.text().await?, "some");
        assert_eq!(store.list_objects().await?, ["a/key"]);
        let stranger = Store { secret_key: "not the secret".to_owned(), ..store };
        assert_eq!(client.execute(stranger.request(&read)?).await?.status(), reqwest::StatusCode::FORBIDDEN);
        Ok(())
    }
}
