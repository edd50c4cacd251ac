//! What the demo's pods run: an HTTP server that says who it is, and ends at once when asked to.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, service::service_fn};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until SIGTERM.
pub async fn run(port: u16) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    let name: Arc<str> = std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().into();
    let served = Arc::new(AtomicU64::new(0));
    let mut stop = signal(SignalKind::terminate())?;
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            _ = stop.recv() => return Ok(()),
        };
        let (name, served) = (name.clone(), served.clone());
        let answer = service_fn(move |_| {
            let text = format!("Hello from {name}, request {}\n", served.fetch_add(1, Ordering::Relaxed) + 1);
            async move { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text)))) }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), answer),
        );
    }
}
