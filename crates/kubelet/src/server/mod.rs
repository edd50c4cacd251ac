//! The kubelet's own API: what the API server asks nodes for.

pub(crate) mod auth;
pub(crate) mod exec;
pub(crate) mod listener;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod respond;
pub(crate) mod route;
pub(crate) mod stats;
pub(crate) mod upgrade;

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{context::Context, pods::manager::Directory};

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) context: Arc<Context>,
    pub(crate) directory: Arc<Directory>,
}

/// Whether callers have to prove who they are.
#[derive(Clone)]
pub(crate) enum Trust {
    /// The stream comes from this very process.
    Full,
    /// Each request is authenticated and authorised; the name and groups of a client certificate, if there is one.
    Ask(Arc<auth::Authority>, Option<auth::User>),
}

/// Serves one connection until it ends.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(server: Server, trust: Trust, stream: S) {
    let service = hyper::service::service_fn(move |request| {
        let (server, trust) = (server.clone(), trust.clone());
        async move { Ok::<_, std::convert::Infallible>(route::handle(&server, &trust, request).await) }
    });
    // A connection that breaks off is the client's business.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
