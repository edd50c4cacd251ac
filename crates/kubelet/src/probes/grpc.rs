//! The gRPC health check: one call over HTTP/2, its two small messages written by hand.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::Answer;

const UNIMPLEMENTED: &str = "12";

/// Asks `grpc.health.v1.Health/Check`.
pub(crate) async fn probe(host: &str, port: u16, service: &str, timeout: Duration) -> Answer {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let stream = match tokio::time::timeout(timeout, TcpStream::connect(&address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Answer::Failure(format!(
                "error: failed to connect to service at {address:?}: {}",
                super::http::dial_error(&address, &error)
            ));
        }
        Err(_) => {
            return Answer::Failure(format!(
                "timeout: failed to connect service {address:?} within {}s: context deadline exceeded",
                timeout.as_secs()
            ));
        }
    };
    match tokio::time::timeout(timeout, call(stream, &address, service)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Failure(format!("error: health rpc probe failed: {error}")),
        Err(_) => Answer::Failure(format!("timeout: health rpc did not complete within {}s", timeout.as_secs())),
    }
}

fn message(service: &str) -> Bytes {
    let mut body = BytesMut::new();
    if !service.is_empty() {
        body.put_u8(0x0a);
        let mut length = service.len();
        while length >= 0x80 {
            body.put_u8((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        body.put_u8(length as u8);
        body.put_slice(service.as_bytes());
    }
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(body.len()).unwrap_or(0));
    out.put_slice(&body);
    out.freeze()
}

/// The enumeration in field 1 of the answer.
fn serving_status(frame: &[u8]) -> u8 {
    match frame.get(5..) {
        Some([0x08, status, ..]) => *status,
        _ => 0,
    }
}

async fn call(stream: TcpStream, address: &str, service: &str) -> Result<Answer, String> {
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let task = tokio::spawn(connection);
    let request = Request::post(format!("http://{address}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "kube-probe/1.37 grpc")
        .body(Full::new(message(service)))
        .map_err(|error| error.to_string())?;
    let result = exchange(&mut sender, request).await;
    task.abort();
    result
}

async fn exchange(
    sender: &mut hyper::client::conn::http2::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let from_headers =
        response.headers().get("grpc-status").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let collected = response.into_body().collect().await.map_err(|error| error.to_string())?;
    let from_trailers = collected
        .trailers()
        .and_then(|trailers| trailers.get("grpc-status"))
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    let code = from_trailers.or(from_headers).unwrap_or_else(|| "0".into());
    let body = collected.to_bytes();
    Ok(match code.as_str() {
        "0" => match serving_status(&body) {
            1 => Answer::Success,
            other => {
                let name = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
                    .get(usize::from(other))
                    .copied()
                    .unwrap_or("UNKNOWN");
                Answer::Failure(format!("service unhealthy (responded with {name:?})"))
            }
        },
        UNIMPLEMENTED => Answer::Failure(
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)".into(),
        ),
        code => Answer::Failure(format!("error: health rpc probe failed: status {code}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        assert_eq!(&message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&message("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(serving_status(&[0, 0, 0, 0, 2, 8, 1]), 1);
        assert_eq!(serving_status(&[0, 0, 0, 0, 0]), 0);
    }
}
