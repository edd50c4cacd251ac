//! Finding out whether the server at an address is that of the token's cluster. The first question is asked without knowing
//! whom: nothing secret is in it, and of the answer only an authority is taken whose key has the hash in the token.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Pin, Server, ca, key_hash};

const PATH: &str = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
/// The whole question is answered within this time.
const DEADLINE: Duration = Duration::from_secs(10);
const NAMES: Duration = Duration::from_secs(5);
const LARGEST: usize = 1 << 20;
/// Clocks that differ by so many seconds are worth a word; by so many more nothing works.
const CLOCKS: (i64, i64) = (60, 3000);

/// What was found out.
#[derive(Debug)]
pub struct Discovered {
    /// The server, with its authority.
    pub server: Server,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// Host and port of `https://host:port`; the port is 6443 unless given.
pub fn parts(url: &str) -> anyhow::Result<(String, u16)> {
    let bad = || format!("--server {url:?} is no address like https://10.0.0.1:6443");
    let full = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let uri: http::Uri = full.parse().with_context(bad)?;
    anyhow::ensure!(uri.scheme_str() == Some("https"), bad());
    let host = uri.host().filter(|h| !h.is_empty()).with_context(bad)?.trim_matches(['[', ']']).to_owned();
    Ok((host, uri.port_u16().unwrap_or(6443)))
}

/// The address of a name: by `/etc/hosts` and the name servers of the host.
pub async fn resolve(name: &str) -> anyhow::Result<IpAddr> {
    if let Ok(ip) = name.parse() {
        return Ok(ip);
    }
    let builder = hickory_resolver::TokioResolver::builder_tokio().context("cannot read /etc/resolv.conf")?;
    let resolver = builder.build().context("cannot read /etc/resolv.conf")?;
    let found = tokio::time::timeout(NAMES, resolver.lookup_ip(name)).await;
    let found = found.with_context(|| format!("no name server says in time where {name} is"))?;
    let found = found.with_context(|| format!("cannot find the address of {name}"))?;
    found.iter().next().with_context(|| format!("{name} has no address"))
}

/// Looks at the server and takes the authority that fits: by the pin, or the one that the operator gave.
pub async fn discover(
    url: &str,
    pin: Option<Pin>,
    given: Option<String>,
    now: Timestamp,
) -> anyhow::Result<Discovered> {
    let (name, port) = parts(url)?;
    let address = resolve(&name).await?;
    let mut server = Server { address, port, name, ca: String::new() };
    let asked = tokio::time::timeout(DEADLINE, ask(&server)).await;
    let (status, date, body) = asked
        .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {DEADLINE:?}")))
        .with_context(|| format!("cannot reach the server at {url}: does `podium up` run there, and does a firewall let port {port} through?"))?;
    let warnings = clocks(date, now)?;
    server.ca = match (pin, given) {
        (_, Some(given)) => given,
        (Some(pin), None) => {
            anyhow::ensure!(
                status == 200,
                "the server at {url} is no podium or kubeadm cluster that takes new nodes: it answers {status} where cluster-info should be"
            );
            pinned(&body, &pin).with_context(|| format!("the server at {url} is not that of the token"))?
        }
        (None, None) => bail!(
            "the token does not say which server to trust: use the whole token that `podium token create` printed, or give the cluster's authority with --ca-cert"
        ),
    };
    Ok(Discovered { server, warnings })
}

/// The authority in `cluster-info`, if it is the pinned one.
fn pinned(body: &[u8], pin: &Pin) -> anyhow::Result<String> {
    let map: Value = serde_json::from_slice(body).context("cluster-info is no JSON")?;
    let text = map["data"]["kubeconfig"].as_str().context("cluster-info has no kubeconfig")?;
    let config: Value = serde_saphyr::from_str(text).context("the kubeconfig in cluster-info")?;
    let data = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str();
    let pem =
        STANDARD.decode(data.context("cluster-info names no authority")?).context("the authority in cluster-info")?;
    let pem = String::from_utf8(pem).context("the authority in cluster-info")?;
    let all = ca(&pem)?;
    anyhow::ensure!(!all.is_empty(), "cluster-info names no authority");
    for certificate in &all {
        anyhow::ensure!(
            key_hash(certificate)? == *pin,
            "its authority's key has another hash than the one in the token. Is it the right address? If so, make a new token there: somebody may stand in between"
        );
    }
    Ok(pem)
}

fn clocks(server: Option<Timestamp>, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let Some(server) = server else { return Ok(Vec::new()) };
    let apart = now.as_second() - server.as_second();
    let text = || {
        let direction = if apart > 0 { "ahead of" } else { "behind" };
        format!("this machine's clock is {} s {direction} the server's ({now:.0} here, {server:.0} there)", apart.abs())
    };
    anyhow::ensure!(apart.abs() < CLOCKS.1, "{}: set it right first, certificates depend on it", text());
    Ok(if apart.abs() >= CLOCKS.0 { vec![text()] } else { Vec::new() })
}

/// Status, date and body of the answer to the question for `cluster-info`.
async fn ask(server: &Server) -> anyhow::Result<(u16, Option<Timestamp>, Bytes)> {
    let tcp = TcpStream::connect((server.address, server.port)).await?;
    let mut tls = rustls::ClientConfig::clone(&*apimachinery::tls::unverified()?);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(server.name.clone()).context("the server's name")?;
    let stream = tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.context("TLS")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = http::Request::builder()
        .uri(PATH)
        .header("host", format!("{}:{}", server.name, server.port))
        .header("accept", "application/json")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let date = answer.headers().get("date").and_then(|d| d.to_str().ok()).and_then(http_date);
    let body =
        Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|e| anyhow::anyhow!("{e}"))?.to_bytes();
    connection.abort();
    Ok((status, date, body))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp())
}

/// What a failed call means to somebody who joins a machine.
pub fn explain(error: &client::Error, server: &Server) -> String {
    let text = error.to_string();
    let at = format!("https://{}:{}", server.name, server.port);
    if error.code() == 401 {
        return format!(
            "the server at {at} refuses the token: it is unknown there, or has expired (`podium token list` on the server shows those that are good, `podium token create` makes one)"
        );
    }
    let certificate = |what: &str| text.contains("invalid peer certificate") && text.contains(what);
    if certificate("Expired") || certificate("NotValidYet") || certificate("expired") || certificate("not valid yet") {
        return format!(
            "the certificate of the server at {at} is not valid at this machine's time ({:.0}): is the clock right? ({text})",
            Timestamp::now()
        );
    }
    if certificate("NotValidForName") || certificate("not valid for name") {
        return format!(
            "the certificate of the server at {at} is not made for {:?}: use one of its own addresses, or start the server with --tls-san {} ({text})",
            server.name, server.name
        );
    }
    if certificate("UnknownIssuer") || certificate("BadSignature") {
        return format!(
            "the server at {at} has a certificate of another authority than the cluster's: is it the right server? ({text})"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, expected) in [
            ("https://10.0.0.1:7443", Some(("10.0.0.1", 7443))),
            ("https://10.0.0.1", Some(("10.0.0.1", 6443))),
            ("10.0.0.1", Some(("10.0.0.1", 6443))),
            ("https://[fd00::1]:6443/", Some(("fd00::1", 6443))),
            ("http://10.0.0.1", None),
            ("", None),
        ] {
            let got = parts(url).ok();
            assert_eq!(got.as_ref().map(|(h, p)| (h.as_str(), *p)), expected, "{url}");
        }
    }

    #[test]
    fn clocks_that_differ() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let judge = |here: i64, there: i64| clocks(Some(at(there)), at(here));
        assert_eq!(judge(1000, 1030).unwrap(), Vec::<String>::new());
        assert!(judge(1000, 1100).unwrap()[0].contains("100 s behind"));
        assert!(judge(90_000, 1000).unwrap_err().to_string().contains("ahead of the server's"));
        assert!(clocks(None, at(0)).unwrap().is_empty());
        assert_eq!(http_date("Sat, 21 Nov 2026 20:00:00 GMT"), Some(at(1_795_291_200)));
    }

    #[test]
    fn another_authority_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let now = at_now();
        let pki = crate::certs::ensure(dir.path(), "n", &[], &[], now).unwrap();
        let pin = key_hash(&ca(&pki.ca.cert).unwrap()[0]).unwrap();
        let config =
            format!("clusters:\n- cluster:\n    certificate-authority-data: {}\n", STANDARD.encode(&pki.ca.cert));
        let body = serde_json::json!({"data": {"kubeconfig": config}}).to_string();
        assert_eq!(pinned(body.as_bytes(), &pin).unwrap(), pki.ca.cert);
        assert!(pinned(body.as_bytes(), &[0; 32]).unwrap_err().to_string().contains("another hash"));
        assert!(pinned(b"{}", &pin).is_err());
    }

    fn at_now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
}
