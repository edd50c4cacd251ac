//! Typed calls.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::Error,
    link::Link,
    object::{KindScope, Object},
    transport::{Request, SharedTransport, WatchStream},
};

const JSON: &str = "application/json";

/// How long a call may take: longer than any server-side timeout of the API.
const DEADLINE: Duration = Duration::from_secs(60);

/// Items of one page of a full list.
pub const PAGE: u32 = 500;

/// An object, or why there is none.
pub type Answer<K> = Result<K, Error>;

/// Typed access to the API; a clone is cheap.
#[derive(Clone)]
pub struct Client {
    transport: SharedTransport,
    deadline: Duration,
    manager: Option<&'static str>,
    link: Arc<Link>,
}

/// Format of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 6902: a list of operations.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' merge by list keys.
    Strategic,
}

impl PatchKind {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Label selector.
    pub labels: String,
    /// Field selector.
    pub fields: String,
    /// At most so many; 0: all.
    pub limit: u32,
    /// Token of the next page.
    pub next: String,
    /// Resource version to start from.
    pub version: String,
}

impl ListOptions {
    /// Everything that a label selector matches.
    #[must_use]
    pub fn labelled(selector: &str) -> Self {
        Self { labels: selector.to_owned(), ..Self::default() }
    }

    /// Everything that a field selector matches.
    #[must_use]
    pub fn with_fields(selector: &str) -> Self {
        Self { fields: selector.to_owned(), ..Self::default() }
    }

    pub(crate) fn query(&self, uri: &mut String) {
        for (name, value) in [
            ("labelSelector", &self.labels),
            ("fieldSelector", &self.fields),
            ("continue", &self.next),
            ("resourceVersion", &self.version),
        ] {
            if !value.is_empty() {
                parameter(uri, name, value);
            }
        }
        if self.limit > 0 {
            parameter(uri, "limit", &self.limit.to_string());
        }
    }
}

/// How to delete.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteOptions {
    /// Seconds that the object gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<i64>,
    /// `Background`, `Foreground` or `Orphan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagation_policy: Option<&'static str>,
    /// Only this very object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preconditions: Option<Preconditions>,
}

/// What must be true of the object to delete.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preconditions {
    /// Its UID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Its resource version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
}

impl DeleteOptions {
    /// In the background, only the object with this UID.
    #[must_use]
    pub fn uid(uid: &str) -> Self {
        Self {
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            ..Self::default()
        }
    }

    /// With a grace period.
    #[must_use]
    pub fn grace(mut self, seconds: i64) -> Self {
        self.grace_period_seconds = Some(seconds);
        self
    }

    /// With a propagation policy.
    #[must_use]
    pub fn propagation(mut self, policy: &'static str) -> Self {
        self.propagation_policy = Some(policy);
        self
    }

    pub(crate) fn body(&self) -> Result<Bytes, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            kind: &'static str,
            api_version: &'static str,
            #[serde(flatten)]
            options: &'a DeleteOptions,
        }
        encode("DeleteOptions", &Body { kind: "DeleteOptions", api_version: "v1", options: self })
    }
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound = "K: DeserializeOwned")]
pub struct Page<K> {
    /// Resource version and token of the next page.
    #[serde(default)]
    pub metadata: ListMeta,
    /// The objects.
    #[serde(default = "Vec::new", deserialize_with = "items")]
    pub items: Vec<K>,
}

fn items<'de, D: serde::Deserializer<'de>, K: DeserializeOwned>(decoder: D) -> Result<Vec<K>, D::Error> {
    Ok(Option::<Vec<K>>::deserialize(decoder)?.unwrap_or_default())
}

impl<K> Page<K> {
    /// The list's resource version.
    #[must_use]
    pub fn version(&self) -> &str {
        self.metadata.resource_version.as_deref().unwrap_or_default()
    }

    /// Token of the next page, empty at the end.
    #[must_use]
    pub fn next(&self) -> &str {
        self.metadata.continue_.as_deref().unwrap_or_default()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("manager", &self.manager).finish_non_exhaustive()
    }
}

impl Client {
    /// A client over a transport.
    #[must_use]
    pub fn new(transport: SharedTransport) -> Self {
        Self { transport, deadline: DEADLINE, manager: None, link: Arc::default() }
    }

    /// With the name that `managedFields` shall show.
    #[must_use]
    pub fn with_manager(mut self, manager: &'static str) -> Self {
        self.manager = Some(manager);
        self
    }

    /// With another deadline per call.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The transport below.
    #[must_use]
    pub fn transport(&self) -> &SharedTransport {
        &self.transport
    }

    /// Waits before another try: for so long at most, and only until a server that was silent answers somebody.
    pub async fn pause(&self, longest: Duration) {
        self.link.pause(longest).await;
    }

    /// Any request; the answer's body, or the error that the server's `Status` says.
    pub async fn raw(
        &self,
        method: &'static str,
        uri: String,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Bytes, Error> {
        let request = Request { method, uri: uri.clone(), content_type, body };
        let answer = tokio::time::timeout(self.deadline, self.transport.send(request)).await;
        self.link.note(matches!(answer, Ok(Ok(_))));
        let response = match answer {
            Ok(response) => response?,
            Err(_) => return Err(Error::Deadline { method, uri, after: self.deadline }),
        };
        if (200..300).contains(&response.code) {
            Ok(response.body)
        } else {
            Err(Error::from_response(method, &uri, &response))
        }
    }

    /// Opens a watch at a path with query.
    pub async fn raw_watch(&self, uri: String) -> Result<WatchStream, Error> {
        let answer = tokio::time::timeout(self.deadline, self.transport.watch(uri.clone())).await;
        self.link.note(matches!(answer, Ok(Ok(_))));
        match answer {
            Ok(Ok(Ok(stream))) => Ok(stream),
            Ok(Ok(Err(response))) => Err(Error::from_response("GET", &uri, &response)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Error::Deadline { method: "GET", uri, after: self.deadline }),
        }
    }

    pub(crate) async fn call<R: DeserializeOwned>(
        &self,
        method: &'static str,
        uri: String,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<R, Error> {
        let answer = self.raw(method, uri.clone(), content_type, body).await?;
        serde_json::from_slice(&answer).map_err(|e| Error::Decode { method, uri, reason: e.to_string() })
    }

    pub(crate) fn managed(&self, mut uri: String) -> String {
        if let Some(manager) = self.manager {
            parameter(&mut uri, "fieldManager", manager);
        }
        uri
    }

    /// Reads an object.
    pub async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<K, Error> {
        self.call("GET", path::<K>(namespace, name, ""), "", Bytes::new()).await
    }

    /// Reads an object that need not be there.
    pub async fn find<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, Error> {
        match self.get(namespace, name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of a list; an empty namespace means all.
    pub async fn page<K: Object>(&self, namespace: &str, options: &ListOptions) -> Result<Page<K>, Error> {
        let mut uri = path::<K>(namespace, "", "");
        options.query(&mut uri);
        self.call("GET", uri, "", Bytes::new()).await
    }

    /// A whole list, page by page; an empty namespace means all.
    pub async fn list<K: Object>(&self, namespace: &str, options: &ListOptions) -> Result<Vec<K>, Error> {
        let mut options = ListOptions { limit: PAGE, ..options.clone() };
        let mut all = Vec::new();
        loop {
            let mut page = self.page::<K>(namespace, &options).await?;
            all.append(&mut page.items);
            if page.next().is_empty() {
                return Ok(all);
            }
            page.next().clone_into(&mut options.next);
            options.version.clear();
        }
    }

    /// Creates an object in its own namespace.
    pub async fn create<K: Object>(&self, object: &K) -> Result<K, Error> {
        let uri = self.managed(path::<K>(Object::namespace(object), "", ""));
        self.call("POST", uri, JSON, encode(K::KIND, object)?).await
    }

    /// Replaces an object; its resource version guards it.
    pub async fn update<K: Object>(&self, object: &K) -> Result<K, Error> {
        self.replace(object, "").await
    }

    /// Replaces an object's status.
    pub async fn update_status<K: Object>(&self, object: &K) -> Result<K, Error> {
        self.replace(object, "status").await
    }

    async fn replace<K: Object>(&self, object: &K, part: &str) -> Result<K, Error> {
        let uri = self.managed(path::<K>(Object::namespace(object), Object::name(object), part));
        self.call("PUT", uri, JSON, encode(K::KIND, object)?).await
    }

    /// Patches an object.
    pub async fn patch<K: Object>(&self, namespace: &str, name: &str, kind: PatchKind, patch: &Value) -> Answer<K> {
        self.patch_at(path::<K>(namespace, name, ""), kind, patch).await
    }

    /// Patches an object's status.
    pub async fn patch_status<K: Object>(
        &self,
        namespace: &str,
        name: &str,
        kind: PatchKind,
        patch: &Value,
    ) -> Answer<K> {
        self.patch_at(path::<K>(namespace, name, "status"), kind, patch).await
    }

    async fn patch_at<K: Object>(&self, uri: String, kind: PatchKind, patch: &Value) -> Answer<K> {
        self.call("PATCH", self.managed(uri), kind.media_type(), encode(K::KIND, patch)?).await
    }

    /// Changes what differs: a merge patch with the parts given.
    pub async fn merge<K: Object>(&self, namespace: &str, name: &str, patch: &Value) -> Result<K, Error> {
        self.patch(namespace, name, PatchKind::Merge, patch).await
    }

    /// Deletes an object.
    pub async fn delete<K: Object>(&self, namespace: &str, name: &str, options: &DeleteOptions) -> Result<(), Error> {
        self.raw("DELETE", path::<K>(namespace, name, ""), JSON, options.body()?).await.map(drop)
    }

    /// Deletes all objects that match.
    pub async fn delete_collection<K: Object>(
        &self,
        namespace: &str,
        options: &DeleteOptions,
        what: &ListOptions,
    ) -> Result<(), Error> {
        let mut uri = path::<K>(namespace, "", "");
        what.query(&mut uri);
        self.raw("DELETE", uri, JSON, options.body()?).await.map(drop)
    }

    /// Reads a subresource, `scale` for example.
    pub async fn get_part<K: Object, R: DeserializeOwned>(
        &self,
        namespace: &str,
        name: &str,
        part: &str,
    ) -> Result<R, Error> {
        self.call("GET", path::<K>(namespace, name, part), "", Bytes::new()).await
    }

    /// Creates a subresource: `binding`, `eviction`, `token`.
    pub async fn create_part<K: Object, B: Serialize, R: DeserializeOwned>(
        &self,
        namespace: &str,
        name: &str,
        part: &str,
        body: &B,
    ) -> Result<R, Error> {
        let uri = self.managed(path::<K>(namespace, name, part));
        self.call("POST", uri, JSON, encode(K::KIND, body)?).await
    }

    /// Replaces a subresource.
    pub async fn update_part<K: Object, B: Serialize, R: DeserializeOwned>(
        &self,
        namespace: &str,
        name: &str,
        part: &str,
        body: &B,
    ) -> Result<R, Error> {
        let uri = self.managed(path::<K>(namespace, name, part));
        self.call("PUT", uri, JSON, encode(K::KIND, body)?).await
    }
}

/// Writes a body.
pub(crate) fn encode<B: Serialize + ?Sized>(kind: &'static str, body: &B) -> Result<Bytes, Error> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|e| Error::Encode { kind, reason: e.to_string() })
}

/// The path of a kind, an object or a subresource; empty parts are left out.
#[must_use]
pub fn path<K: Object>(namespace: &str, name: &str, part: &str) -> String {
    let namespace = if <K::Scope as KindScope>::NAMESPACED { namespace } else { "" };
    resource_path(K::GROUP, K::VERSION, K::URL_PATH_SEGMENT, namespace, name, part)
}

/// The path of a resource by its names.
#[must_use]
pub fn resource_path(group: &str, version: &str, plural: &str, namespace: &str, name: &str, part: &str) -> String {
    let mut path = String::with_capacity(64);
    if group.is_empty() {
        path.push_str("/api/")
    } else {
        path.push_str("/apis/")
    }
    for piece in [group, version] {
        if !piece.is_empty() {
            path.push_str(piece);
            path.push('/');
        }
    }
    if !namespace.is_empty() {
        path.push_str("namespaces/");
        escape(&mut path, namespace);
        path.push('/');
    }
    path.push_str(plural);
    for piece in [name, part] {
        if !piece.is_empty() {
            path.push('/');
            escape(&mut path, piece);
        }
    }
    path
}

/// Adds a query parameter.
pub fn parameter(uri: &mut String, name: &str, value: &str) {
    uri.push(if uri.contains('?') { '&' } else { '?' });
    uri.push_str(name);
    uri.push('=');
    escape(uri, value);
}

/// Percent-encodes everything that has a meaning in a path or a query.
fn escape(uri: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(byte as char),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
}
