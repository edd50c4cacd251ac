//! The distribution API: manifests and blobs of one repository at one endpoint.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use cri::image::Credentials;
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde::Deserialize;
use sha2::Digest;
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{self, Challenge},
    http::{Http, HttpError, Url, body},
    registries::{Endpoint, Registries},
};

/// Largest manifest or configuration in bytes.
const DOCUMENT: usize = 8 << 20;
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// What a registry refuses.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RegistryError {
    /// Not reached.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// There is no such image.
    #[error("{reference}: not found")]
    NotFound {
        /// The image.
        reference: String,
    },
    /// Credentials are missing or wrong.
    #[error("failed to authorize: {url}: {status}")]
    Unauthorized {
        /// Where.
        url: String,
        /// What it said.
        status: String,
    },
    /// Another answer than expected.
    #[error("unexpected status from GET request to {url}: {status}")]
    Status {
        /// Where.
        url: String,
        /// What it said.
        status: String,
    },
    /// What came is not what was promised.
    #[error("{what}: expected {expected}, got {got}")]
    Mismatch {
        /// Which part.
        what: String,
        /// Promised.
        expected: String,
        /// Arrived.
        got: String,
    },
    /// A document that cannot be understood.
    #[error("{what}: {reason}")]
    Document {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// The disk refused.
    #[error("cannot write {path}: {reason}")]
    Disk {
        /// Where.
        path: String,
        /// Why.
        reason: String,
    },
}

/// A reference to a blob.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its type.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// For which machine, in an index.
    #[serde(default)]
    pub platform: Option<Platform>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Platform {
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
}

/// A manifest of an image, or an index of manifests.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Manifest {
    /// The configuration.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The layers, lowest first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// An index's manifests.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
}

impl Manifest {
    /// The manifest of an index that is for this machine.
    #[must_use]
    pub fn for_this_machine(&self) -> Option<&Descriptor> {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let fits =
            |d: &&Descriptor| d.platform.as_ref().is_some_and(|p| p.os == "linux" && p.architecture == architecture);
        self.manifests.iter().find(fits).or_else(|| self.manifests.iter().find(|d| d.platform.is_none()))
    }
}

/// A repository at an endpoint, with a way to authenticate there.
#[derive(Clone)]
pub struct Repository {
    http: Http,
    endpoint: Endpoint,
    tls: Option<crate::registries::Tls>,
    credentials: Option<Credentials>,
    authorization: Arc<Mutex<Option<String>>>,
}

impl Repository {
    /// A repository; credentials of the pod come before those of `registries.yaml`.
    #[must_use]
    pub fn new(http: &Http, registries: &Registries, endpoint: Endpoint, credentials: Option<&Credentials>) -> Self {
        Self {
            http: http.clone(),
            tls: registries.tls(&endpoint.host).cloned(),
            credentials: credentials.cloned().or_else(|| registries.credentials(&endpoint.host)),
            endpoint,
            authorization: Arc::default(),
        }
    }

    /// Fetches a manifest by tag or digest: (its digest, the document).
    pub async fn manifest(&self, reference: &str, name: &str) -> Result<(String, Manifest), RegistryError> {
        let url = self.url("manifests", reference);
        let answer = self.get(&url, Some(ACCEPT), name).await?;
        let bytes = body(answer, DOCUMENT, &url).await?;
        let got = crate::digest(&bytes);
        if reference.starts_with("sha256:") && got != reference {
            return Err(RegistryError::Mismatch {
                what: format!("manifest of {name}"),
                expected: reference.to_owned(),
                got,
            });
        }
        let manifest = serde_json::from_slice(&bytes)
            .map_err(|e| RegistryError::Document { what: format!("manifest of {name}"), reason: e.to_string() })?;
        Ok((got, manifest))
    }

    /// Fetches a small blob whole.
    pub async fn small_blob(&self, digest: &str, name: &str) -> Result<Bytes, RegistryError> {
        let url = self.url("blobs", digest);
        let bytes = body(self.get(&url, None, name).await?, DOCUMENT, &url).await?;
        let got = crate::digest(&bytes);
        if got != digest {
            return Err(RegistryError::Mismatch {
                what: format!("configuration of {name}"),
                expected: digest.to_owned(),
                got,
            });
        }
        Ok(bytes)
    }

    /// Fetches a blob into a file and checks its digest on the way; `progress` gets each piece's size.
    pub async fn blob(
        &self,
        digest: &str,
        name: &str,
        to: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), RegistryError> {
        let url = self.url("blobs", digest);
        let mut data = self.get(&url, None, name).await?.into_body();
        let disk = |e: std::io::Error| RegistryError::Disk { path: to.display().to_string(), reason: e.to_string() };
        let mut file = tokio::fs::File::create(to).await.map_err(disk)?;
        let mut hash = sha2::Sha256::new();
        while let Some(frame) = data.frame().await {
            let frame = frame.map_err(|e| HttpError::Request { url: url.to_string(), reason: e.to_string() })?;
            if let Some(piece) = frame.data_ref() {
                hash.update(piece);
                file.write_all(piece).await.map_err(disk)?;
                progress(piece.len() as u64);
            }
        }
        file.flush().await.map_err(disk)?;
        let got = crate::hex_digest(&hash.finalize());
        if got != digest {
            return Err(RegistryError::Mismatch { what: format!("layer of {name}"), expected: digest.to_owned(), got });
        }
        Ok(())
    }

    fn url(&self, what: &str, which: &str) -> Url {
        let e = &self.endpoint;
        let ns = e.mirror_of.as_ref().map(|n| format!("?ns={}", auth::encode(n))).unwrap_or_default();
        Url { tls: e.tls, host: e.host.clone(), path: format!("{}/{}/{what}/{which}{ns}", e.base, e.repository) }
    }

    async fn get(&self, url: &Url, accept: Option<&str>, name: &str) -> Result<Response<Incoming>, RegistryError> {
        for attempt in 0..2 {
            let mut headers = Vec::new();
            headers.extend(accept.map(|a| ("accept", a.to_owned())));
            headers.extend(self.authorization.lock().clone().map(|a| ("authorization", a)));
            let answer = self.http.get(url, &headers, self.tls.as_ref()).await?;
            let status = answer.status();
            match status.as_u16() {
                200 => return Ok(answer),
                401 if attempt == 0 => self.authorize(&answer, url).await?,
                401 | 403 => {
                    return Err(RegistryError::Unauthorized { url: url.to_string(), status: status.to_string() });
                }
                404 => return Err(RegistryError::NotFound { reference: name.to_owned() }),
                _ => return Err(RegistryError::Status { url: url.to_string(), status: status.to_string() }),
            }
        }
        Err(RegistryError::Unauthorized { url: url.to_string(), status: "401 Unauthorized".to_owned() })
    }

    /// Answers a challenge; the authorization is kept for the next requests.
    async fn authorize(&self, answer: &Response<Incoming>, url: &Url) -> Result<(), RegistryError> {
        let refused = || RegistryError::Unauthorized { url: url.to_string(), status: "401 Unauthorized".to_owned() };
        let headers = answer.headers().get_all("www-authenticate");
        let challenge = headers.iter().filter_map(|h| Challenge::parse(h.to_str().ok()?)).next().ok_or_else(refused)?;
        let none = Credentials::default();
        let known = self.credentials.as_ref().unwrap_or(&none);
        let authorization = match challenge {
            _ if !known.registry_token.is_empty() => format!("Bearer {}", known.registry_token),
            Challenge::Basic if known.username.is_empty() => return Err(refused()),
            Challenge::Basic => auth::basic(&known.username, &known.password),
            Challenge::Bearer { realm, service, scope } => {
                let scope =
                    if scope.is_empty() { format!("repository:{}:pull", self.endpoint.repository) } else { scope };
                format!("Bearer {}", self.token(&realm, &service, &scope, known).await?)
            }
        };
        *self.authorization.lock() = Some(authorization);
        Ok(())
    }

    async fn token(
        &self,
        realm: &str,
        service: &str,
        scope: &str,
        known: &Credentials,
    ) -> Result<String, RegistryError> {
        let refused = |status: String| RegistryError::Unauthorized { url: realm.to_owned(), status };
        let url = Url::parse(realm).ok_or_else(|| refused("the token server is no URL".to_owned()))?;
        let (service, scope) = (auth::encode(service), auth::encode(scope));
        let (code, bytes) = if known.identity_token.is_empty() {
            let separator = if url.path.contains('?') { '&' } else { '?' };
            let target = Url { path: format!("{}{separator}service={service}&scope={scope}", url.path), ..url };
            let headers: Vec<_> = (!known.username.is_empty())
                .then(|| ("authorization", auth::basic(&known.username, &known.password)))
                .into_iter()
                .collect();
            let answer = self.http.get(&target, &headers, self.tls.as_ref()).await?;
            (answer.status().as_u16(), body(answer, 1 << 20, &target).await?)
        } else {
            let form = format!(
                "grant_type=refresh_token&client_id=podium&service={service}&scope={scope}&refresh_token={}",
                auth::encode(&known.identity_token)
            );
            self.http.post_form(&url, form, self.tls.as_ref()).await?
        };
        if code != 200 {
            return Err(refused(format!("the token server answered {code}")));
        }
        auth::token(&bytes).ok_or_else(|| refused("the token server's answer has no token".to_owned()))
    }
}
