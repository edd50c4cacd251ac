//! The seams inside the API server: who asks, what is asked, and the hooks that a kind or a policy may add.

use std::{any::Any, collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use apimachinery::{field::FieldError, status::Status};
use bytes::Bytes;
use serde_json::Value;

pub use crate::admission::rounds::Rounds;

/// A boxed future.
pub type Job<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    /// `system:serviceaccount:ns:name`, `kubernetes-admin`, `system:anonymous` …
    pub name: String,
    /// Unique id, or empty.
    pub uid: String,
    /// Groups, `system:authenticated` included.
    pub groups: Vec<String>,
    /// Extra facts.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Where a request comes from, before authentication.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A component in the same process: it entered by the same door, with this identity.
    Component(Arc<User>),
    /// A connection: DER of the verified client certificate if there was one. Tokens come from the headers.
    Connection {
        /// The leaf certificate.
        client_certificate: Option<Arc<[u8]>>,
        /// Address of the other side.
        peer: std::net::SocketAddr,
    },
}

/// What a request is about; parsed in one place (`request.rs`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestInfo {
    /// `get list watch create update patch delete deletecollection`, or the HTTP method in lower case for other paths.
    pub verb: &'static str,
    /// It names a resource.
    pub is_resource: bool,
    /// The path.
    pub path: String,
    /// API group, empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Namespace, empty for none.
    pub namespace: String,
    /// Plural resource name.
    pub resource: String,
    /// Subresource, or empty.
    pub subresource: String,
    /// Name, or empty.
    pub name: String,
    /// The path behind the subresource (`proxy`).
    pub rest: String,
    /// `fieldSelector` of the query as it came, or empty: nodes may list only what is theirs. A selector of one `metadata.name` also fills `name`.
    pub field_selector: String,
}

/// What an authorizer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// Not known to be allowed; the reason goes into the message.
    NoOpinion(String),
    /// No, whatever others say.
    Deny(String),
}

/// Finds out who asks. `None`: no credential of this kind; `Err`: one that is wrong (401).
pub trait Authenticator: Send + Sync + 'static {
    /// Looks at headers and certificate.
    fn authenticate<'a>(
        &'a self,
        caller: &'a Caller,
        headers: &'a http::HeaderMap,
    ) -> Job<'a, Result<Option<User>, Status>>;
}

/// Decides whether it may happen.
pub trait Authorizer: Send + Sync + 'static {
    /// The decision, from what is in memory.
    fn authorize(&self, user: &User, request: &RequestInfo) -> Decision;
    /// All rules that a user has in a namespace, as far as they can be listed, and what could not be resolved.
    fn rules_for(&self, user: &User, namespace: &str) -> (Vec<crate::authz::Rule>, Vec<String>) {
        let _ = (user, namespace);
        (Vec::new(), Vec::new())
    }
    /// The rules of a role that a binding in `namespace` (empty: a cluster binding) refers to; `Err` says why it cannot be resolved.
    fn role_rules(&self, role: &crate::authz::RoleRef, namespace: &str) -> Result<Vec<crate::authz::Rule>, String> {
        let _ = namespace;
        Err(format!("{} {:?} not found", role.kind, role.name))
    }
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Create.
    Create,
    /// Update or patch.
    Update,
    /// Delete.
    Delete,
    /// Exec, attach, port-forward, proxy.
    Connect,
}

/// A request as admission sees it.
pub struct Attributes<'a> {
    /// The request.
    pub info: &'a RequestInfo,
    /// The resource's row.
    pub resource: &'a api::Resource,
    /// The row in whose form the objects are.
    pub stored: &'a api::Resource,
    /// What is done.
    pub operation: Operation,
    /// Who does it.
    pub user: &'a User,
    /// The object as it is now, for updates and deletions.
    pub old: Option<&'a Value>,
    /// Nothing will be written.
    pub dry_run: bool,
    /// Options of the request (`CreateOptions` …) as JSON.
    pub options: &'a Value,
    /// Lives until the write has happened or failed.
    pub held: &'a Held,
    /// For the `Warning` headers of the answer.
    pub warnings: &'a Warnings,
    /// The rounds of mutation.
    pub rounds: &'a Rounds,
    /// A step of another request, which webhooks and policies have seen.
    pub inner: bool,
}

/// More warnings than this are not sent.
const WARNINGS: usize = 100;

/// Lines for the `Warning` headers of an answer, each once.
#[derive(Debug, Default)]
pub struct Warnings(parking_lot::Mutex<Vec<String>>);

impl Warnings {
    /// Adds a line.
    pub fn add(&self, text: impl Into<String>) {
        let mut lines = self.0.lock();
        let text = text.into();
        if lines.len() < WARNINGS && !lines.contains(&text) {
            lines.push(text);
        }
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

/// What plugins hold until the write that they allowed has happened or failed: a share of a quota, such as.
#[derive(Default)]
pub struct Held(parking_lot::Mutex<Vec<Box<dyn Any + Send>>>);

impl Held {
    /// Keeps a thing; it is dropped when the write is over.
    pub fn keep(&self, thing: impl Send + 'static) {
        self.0.lock().push(Box::new(thing));
    }
}

/// An admission plugin.
pub trait Admission: Send + Sync + 'static {
    /// Its name, for messages and metrics.
    fn name(&self) -> &'static str;
    /// May change the object (`Value::Null` for deletions and connections).
    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let _ = (attributes, object);
        Box::pin(async { Ok(()) })
    }
    /// May refuse; sees the object as it will be stored.
    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let _ = (attributes, object);
        Box::pin(async { Ok(()) })
    }
}

/// Facts that a strategy may use, all in memory.
pub struct Context<'a> {
    /// The resource's row.
    pub resource: &'a api::Resource,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// Who does it.
    pub user: &'a User,
    /// The time of the request.
    pub now: jiff::Timestamp,
    /// Nothing will be written.
    pub dry_run: bool,
}

/// Takes an allocation back when the write did not happen.
pub type Undo = Box<dyn FnOnce() + Send>;

/// Where a kind differs from the generic way. All methods have defaults. The registry calls them in a fixed order, upstream's:
/// defaults → admission (mutate) → defaults → prepare → allocate → validate → admission (validate) → commit → committed. It sees neither
/// storage nor HTTP.
pub trait Strategy: Send + Sync + 'static {
    /// Fills and clears fields before a create (status dropped, generation 1 …: the generic part has run).
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        let _ = (context, object);
    }
    /// The same for an update of the main resource or a subresource.
    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        let _ = (context, object, old);
    }
    /// Validation beyond `api::validation`.
    fn validate(&self, context: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let _ = (context, object, old);
        Vec::new()
    }
    /// Warnings for the `Warning` header.
    fn warnings(&self, context: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let _ = (context, object, old);
        Vec::new()
    }
    /// Takes cluster addresses, ports …; the answer undoes it when the commit fails.
    fn allocate(
        &self,
        context: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Option<Undo>, Vec<FieldError>> {
        let _ = (context, object, old);
        Ok(None)
    }
    /// The change is durable (`object` is `None` after a deletion): free what the old state held.
    fn committed(&self, object: Option<&Value>, old: Option<&Value>) {
        let _ = (object, old);
    }
    /// Seconds of grace for a deletion: what the options ask, the object allows. `None`: this kind is deleted at once.
    fn grace_seconds(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        let _ = (object, asked);
        None
    }
    /// Changes an object whose deletion begins but which stays for now (a namespace's phase).
    fn prepare_delete(&self, context: &Context<'_>, object: &mut Value) {
        let _ = (context, object);
    }
    /// The object must stay although its deletion has begun and `metadata.finalizers` is empty (a namespace's `spec.finalizers`).
    fn holds_deletion(&self, object: &Value) -> bool {
        let _ = object;
        false
    }
    /// A new object keeps the status that it was sent with, although `status` is a subresource (nodes register themselves).
    fn keeps_status(&self) -> bool {
        false
    }
    /// Seconds that a stored object lives (events), or `None`.
    fn ttl_seconds(&self, object: &Value) -> Option<u64> {
        let _ = object;
        None
    }
}

/// Reads the current state of other objects, from memory and up to date with every acknowledged write.
pub trait Reader: Send + Sync + 'static {
    /// The JSON of one object, with its resourceVersion.
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Bytes>;
    /// All of a kind, of one namespace or (empty) of all.
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Bytes>;
    /// A number that grows whenever an object of this kind changes: for caches of parsed forms.
    fn generation(&self, group: &str, resource: &str) -> u64;
    /// Waits until the generation of a kind is another than `since`; of a kind that is not there, for ever.
    fn changed<'a>(&'a self, group: &'a str, resource: &'a str, since: u64) -> Job<'a, ()>;
}

/// A connection to a node's kubelet API.
pub trait NodeStream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> NodeStream for T {}

/// The port to nodes: opens a stream on which HTTP/1.1 with the kubelet's API is spoken (TLS already done where it is needed).
pub trait Nodes: Send + Sync + 'static {
    /// `node` is the Node object.
    fn connect<'a>(&'a self, node: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>>;
}
