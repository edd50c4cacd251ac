//! One request over one stream, and what follows when the protocol changes: bytes in both directions.

use std::time::Duration;

use apimachinery::status::Status;
use http::{Response, StatusCode, header, request::Parts};
use hyper::{client::conn::http1, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::location::Endpoint;
use crate::{body::Body, contract::NodeStream};

const DIAL_WITHIN: Duration = Duration::from_secs(30);

/// The caller's side of a change of protocol.
pub struct Upgrade(OnUpgrade);

impl Upgrade {
    /// Takes it from a request that asks for one.
    #[must_use]
    pub fn take(parts: &mut Parts) -> Option<Self> {
        let asked = parts.headers.contains_key(header::UPGRADE);
        parts.extensions.remove::<OnUpgrade>().filter(|_| asked).map(Upgrade)
    }
}

/// Headers that belong to one connection only.
const HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"];

/// Sends the request and gives the answer; with an `upgrade`, the two connections are joined when the other side agrees.
///
/// # Errors
/// The other side does not speak HTTP.
pub async fn forward(
    stream: Box<dyn NodeStream>,
    mut head: Parts,
    body: Body,
    upgrade: Option<Upgrade>,
) -> Result<Response<Body>, Status> {
    let failed = |e: hyper::Error| Status::unavailable(format!("error trying to reach service: {e}"));
    let asked = upgrade.as_ref().and(head.headers.get(header::UPGRADE).cloned());
    for name in HOP {
        head.headers.remove(name);
    }
    head.headers.remove(header::UPGRADE);
    if let Some(protocol) = asked {
        head.headers.insert(header::CONNECTION, http::HeaderValue::from_static("Upgrade"));
        head.headers.insert(header::UPGRADE, protocol);
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Its errors show in the answer or in the body that it feeds.
    tokio::spawn(connection.with_upgrades());
    let mut response = sender.send_request(http::Request::from_parts(head, body)).await.map_err(failed)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(Upgrade(ours)) = upgrade
    {
        let theirs = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            // Either side may go away before the switch: then there is nothing to join.
            if let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) {
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(ours), &mut TokioIo::new(theirs)).await;
            }
        });
        return Ok(response.map(|_| Body::Empty));
    }
    for name in HOP {
        response.headers_mut().remove(name);
    }
    Ok(response.map(Body::Incoming))
}

/// Dials an address.
///
/// # Errors
/// Nobody answers.
pub async fn dial(endpoint: &Endpoint) -> Result<Box<dyn NodeStream>, Status> {
    let address = endpoint.address;
    let failed = |e: &dyn std::fmt::Display| {
        Status::unavailable(format!("error trying to reach service: dial tcp {address}: {e}"))
    };
    let dialled = tokio::time::timeout(DIAL_WITHIN, TcpStream::connect(address)).await;
    let stream = dialled.map_err(|_| failed(&"i/o timeout"))?.map_err(|e| failed(&e))?;
    // Small frames must not wait for each other.
    let _ = stream.set_nodelay(true);
    if !endpoint.tls {
        return Ok(Box::new(stream));
    }
    let config = apimachinery::tls::unverified().map_err(|e| failed(&e))?;
    let name = ServerName::IpAddress(address.ip().into());
    let handshake = TlsConnector::from(config).connect(name, stream);
    let stream = tokio::time::timeout(DIAL_WITHIN, handshake)
        .await
        .map_err(|_| failed(&"i/o timeout"))?
        .map_err(|e| failed(&e))?;
    Ok(Box::new(stream))
}
