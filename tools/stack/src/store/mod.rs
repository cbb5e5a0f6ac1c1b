//! An S3 store for the machine at hand: one inside this process, or SeaweedFS, or one that somebody else runs.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use admin::random;
use anyhow::{Context as _, Result, bail};
use rusty_s3::actions::{CreateBucket, ListObjectsV2};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use crate::paths::TemporaryDir;

mod files;
mod in_process;
mod seaweedfs;

pub use seaweedfs::install as install_seaweedfs;

const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "spillway";
const SIGNATURE_LIFE: Duration = Duration::from_mins(1);

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
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
    pub async fn start(kind: Kind, dir: &Path) -> Result<Self> {
        let secret_key = random::secret()?;
        let (endpoint, running) = match kind {
            Kind::InProcess => {
                let server = in_process::Server::start(dir, ACCESS_KEY, &secret_key)?;
                (server.endpoint(), Running::InProcess { _server: server })
            }
            Kind::SeaweedFs => {
                let server = seaweedfs::Server::start(dir, ACCESS_KEY, &secret_key).await?;
                (server.endpoint(), Running::SeaweedFs { _server: server })
            }
        };
        Ok(Self { endpoint, secret_key, _running: running, _temporary: None })
    }

    /// The store that the tests of one process share: it is there as long as one of them holds it, and its objects go with it.
    pub async fn shared(kind: Kind) -> Result<Arc<Self>> {
        static SHARED: tokio::sync::Mutex<Option<(Kind, Weak<Server>)>> = tokio::sync::Mutex::const_new(None);
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
        let (bucket, credentials) = self.signer()?;
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let mut list = ListObjectsV2::new(&bucket, Some(&credentials));
            if let Some(token) = token {
                list.with_continuation_token(token);
            }
            let text = reqwest::get(list.sign(SIGNATURE_LIFE)).await.and_then(reqwest::Response::error_for_status)?.text().await?;
            let page = ListObjectsV2::parse_response(&text).context("the store's list of objects cannot be read")?;
            keys.extend(page.contents.into_iter().map(|object| object.key));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn create(&self) -> Result<()> {
        let (bucket, credentials) = self.signer()?;
        let url = CreateBucket::new(&bucket, &credentials).sign(SIGNATURE_LIFE);
        let answer = reqwest::Client::new().put(url).send().await.context("the store does not answer")?;
        // 409: it is there already.
        if !answer.status().is_success() && answer.status() != reqwest::StatusCode::CONFLICT {
            bail!("cannot create the bucket {}: {} {}", self.bucket, answer.status(), answer.text().await.unwrap_or_default());
        }
        Ok(())
    }

    /// What signs requests to it.
    pub fn signer(&self) -> Result<(Bucket, Credentials)> {
        let endpoint = self.endpoint.parse().with_context(|| format!("the store's URL {} is none", self.endpoint))?;
        let bucket =
            Bucket::new(endpoint, UrlStyle::Path, self.bucket.clone(), self.region.clone()).context("the bucket's name is none")?;
        Ok((bucket, Credentials::new(self.access_key.clone(), self.secret_key.clone())))
    }
}

#[cfg(test)]
mod tests {
    use rusty_s3::actions::{GetObject, PutObject};

    use super::*;

    /// Over SeaweedFS the end-to-end tests show the same.
    #[tokio::test]
    async fn the_store_in_this_process_keeps_objects_and_checks_signatures() -> Result<()> {
        let server = Server::shared(Kind::InProcess).await?;
        let store = server.bucket("a-bucket").await?;
        let same = server.bucket("a-bucket").await?;
        assert_eq!(store, same);
        let (bucket, credentials) = store.signer()?;
        let client = reqwest::Client::new();
        let put = PutObject::new(&bucket, Some(&credentials), "a/key").sign(SIGNATURE_LIFE);
        client.put(put).body("some bytes").send().await?.error_for_status()?;
        let get = GetObject::new(&bucket, Some(&credentials), "a/key").sign(SIGNATURE_LIFE);
        assert_eq!(client.get(get).send().await?.text().await?, "some bytes");
        assert_eq!(store.list_objects().await?, ["a/key"]);
        let stranger = Credentials::new(ACCESS_KEY, "not the secret");
        let get = GetObject::new(&bucket, Some(&stranger), "a/key").sign(SIGNATURE_LIFE);
        assert_eq!(client.get(get).send().await?.status(), reqwest::StatusCode::FORBIDDEN);
        Ok(())
    }
}
