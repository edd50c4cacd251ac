//! The in-process way to the API server: the same door, without the socket. A watch hands over the encoded objects as they are.

use std::sync::Arc;

use apiserver::{
    body::{Body, EventKind as ServerKind},
    contract::{Caller, User},
    server::ApiServer,
};
use client::transport::{
    Call, EventKind, RawEvent, Request, Response, SharedTransport, Transport, TransportError, WatchStream,
};
use futures_util::StreamExt;
use tokio::sync::mpsc;

/// Largest answer to a component of this process in bytes: a list of everything of a kind.
const ANSWER: usize = 2 << 30;
/// Events that wait for a component; the stream behind has its own bound and tells a slow reader to list again.
const EVENTS: usize = 256;

/// A transport with an identity.
pub struct InProcess {
    server: Arc<ApiServer>,
    user: Arc<User>,
}

impl InProcess {
    /// A way in under this name and these groups (`system:authenticated` is added).
    pub fn shared(server: &Arc<ApiServer>, name: &str, groups: &[&str]) -> SharedTransport {
        let mut groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
        if let Some(rest) = name.strip_prefix("system:serviceaccount:")
            && let Some((namespace, _)) = rest.split_once(':')
        {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        groups.push("system:authenticated".to_owned());
        let user = Arc::new(User { name: name.to_owned(), groups, ..User::default() });
        Arc::new(Self { server: server.clone(), user })
    }

    async fn call(&self, request: Request) -> Result<http::Response<Body>, TransportError> {
        let failed = |reason: String| TransportError { method: request.method, uri: request.uri.clone(), reason };
        let mut builder = http::Request::builder().method(request.method).uri(&request.uri);
        if !request.content_type.is_empty() {
            builder = builder.header("content-type", request.content_type);
        }
        builder = builder.header("accept", "application/json");
        let body = if request.body.is_empty() { Body::Empty } else { Body::Full(request.body.clone()) };
        let request = builder.body(body).map_err(|e| failed(e.to_string()))?;
        Ok(self.server.handle(request, Caller::Component(self.user.clone())).await)
    }

    async fn whole(method: &'static str, uri: &str, answer: http::Response<Body>) -> Result<Response, TransportError> {
        let code = answer.status().as_u16();
        let collected = answer.into_body().collect(ANSWER).await;
        let body = collected.map_err(|e| TransportError { method, uri: uri.to_owned(), reason: e.to_string() })?;
        Ok(Response { code, body })
    }
}

fn kind(kind: ServerKind) -> EventKind {
    match kind {
        ServerKind::Added => EventKind::Added,
        ServerKind::Modified => EventKind::Modified,
        ServerKind::Deleted => EventKind::Deleted,
        ServerKind::Bookmark => EventKind::Bookmark,
        ServerKind::Error => EventKind::Error,
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (method, uri) = (request.method, request.uri.clone());
            let answer = self.call(request).await?;
            Self::whole(method, &uri, answer).await
        })
    }

    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        Box::pin(async move {
            let answer = self.call(Request { method: "GET", uri: uri.clone(), ..Request::default() }).await?;
            if !answer.status().is_success() {
                return Ok(Err(Self::whole("GET", &uri, answer).await?));
            }
            let mut events = answer.into_body().into_watch().map_err(|_| TransportError {
                method: "GET",
                uri: uri.clone(),
                reason: "the answer is no watch".to_owned(),
            })?;
            let (sender, receiver) = mpsc::channel(EVENTS);
            tokio::spawn(async move {
                loop {
                    let event = tokio::select! {
                        biased;
                        event = events.next() => event,
                        () = sender.closed() => return,
                    };
                    let Some(event) = event else { return };
                    if sender.send(RawEvent { kind: kind(event.kind), object: event.object }).await.is_err() {
                        return;
                    }
                }
            });
            Ok(Ok(receiver))
        })
    }
}
