//! How a client reaches the API: one trait, two transports (in the same process, and HTTPS).

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::mpsc;

/// A boxed future.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request. The caller's identity belongs to the transport.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path and query: `/api/v1/pods?limit=500`.
    pub uri: String,
    /// Media type of the body; empty: none.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// An answer, also of an error: then the body is a `Status`.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status code.
    pub code: u16,
    /// JSON.
    pub body: Bytes,
}

/// Kind of a watch event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `ADDED`.
    Added,
    /// `MODIFIED`.
    Modified,
    /// `DELETED`.
    Deleted,
    /// `BOOKMARK`.
    Bookmark,
    /// `ERROR`: the object is a `Status`.
    Error,
}

/// An event of a watch, its object as JSON, not yet decoded.
#[derive(Debug, Clone)]
pub struct RawEvent {
    /// What happened.
    pub kind: EventKind,
    /// The object, whole, with its `metadata.resourceVersion`.
    pub object: Bytes,
}

/// What keeps a request from an answer: worth trying again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {uri}: {reason}")]
pub struct TransportError {
    /// Method of the request.
    pub method: &'static str,
    /// Path and query.
    pub uri: String,
    /// What went wrong.
    pub reason: String,
}

/// An open watch; ends (`None`) when the server closes it. An HTTP error on opening comes as [`Response`].
pub type WatchStream = mpsc::Receiver<RawEvent>;

/// A way to the API server, with an identity.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for the whole answer.
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>>;
    /// Opens a watch (`uri` has `watch=1`). `Ok(Err(response))` is the server's refusal.
    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>>;
}

/// A shared transport.
pub type SharedTransport = Arc<dyn Transport>;
