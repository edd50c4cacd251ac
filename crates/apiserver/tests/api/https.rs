//! The listener with real connections: HTTP/1.1 and HTTP/2, client certificates, and requests that go through to a node.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use crate::common::{SystemClock, signing_key};
use apimachinery::status::Status;
use apiserver::{
    body::Body,
    config::Config,
    contract::{Caller, Job, NodeStream, Nodes, User},
    listener::{Identity, serve, tls},
    server::ApiServer,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{client::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A node that answers logs, and echoes what comes over an upgraded connection.
struct FakeNode;

impl Nodes for FakeNode {
    fn connect<'a>(&'a self, _: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>> {
        Box::pin(async {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(theirs), service_fn(kubelet))
                    .with_upgrades(),
            );
            Ok(Box::new(ours) as Box<dyn NodeStream>)
        })
    }
}

async fn kubelet(mut request: Request<hyper::body::Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.uri().to_string();
    assert!(!request.headers().contains_key(header::AUTHORIZATION));
    if request.headers().contains_key(header::UPGRADE) {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.expect("upgraded"));
            io.write_all(format!("{target}\n").as_bytes()).await.expect("write");
            let mut buffer = [0u8; 64];
            while let Ok(n) = io.read(&mut buffer).await {
                if n == 0 || io.write_all(&buffer[..n]).await.is_err() {
                    break;
                }
            }
        });
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::CONNECTION, "Upgrade".parse().expect("header"));
        response.headers_mut().insert(header::UPGRADE, "SPDY/3.1".parse().expect("header"));
        return Ok(response);
    }
    let mut response = Response::new(Full::from(format!("{target}\n")));
    if target.contains("previous=true") {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

struct World {
    server: Arc<ApiServer>,
    address: SocketAddr,
    ca: CertificateDer<'static>,
    admin: (CertificateDer<'static>, PrivateKeyDer<'static>),
    stop: tokio::sync::watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    group: &str,
    server: bool,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut params = CertificateParams::new(vec!["localhost".into()]).expect("params");
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, group);
    params.extended_key_usages =
        vec![if server { ExtendedKeyUsagePurpose::ServerAuth } else { ExtendedKeyUsagePurpose::ClientAuth }];
    let key = KeyPair::generate().expect("key");
    let certificate = params.signed_by(&key, issuer).expect("certificate");
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).expect("key"))
}

async fn world() -> World {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("key");
    let ca = params.self_signed(&key).expect("ca").der().clone();
    let issuer = Issuer::new(params, key);
    let mut config = Config::minimal(Arc::new(SystemClock), signing_key());
    config.client_ca = vec![ca.clone()];
    let store = Arc::new(storage::Memory::new(storage::Options::default()));
    let server = ApiServer::start(config, store, Arc::new(FakeNode)).await.expect("start");
    let (certificate, key) = leaf(&issuer, "server", "x", true);
    let tls = tls(Identity { chain: vec![certificate], key }, std::slice::from_ref(&ca)).expect("tls");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let ended = tokio::spawn(serve(server.clone(), listener, tls, stopped));
    World { server, address, ca, admin: leaf(&issuer, "admin", "system:masters", false), stop, ended }
}

impl World {
    async fn dial(&self, as_admin: bool, protocol: &str) -> TlsStream<tokio::net::TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.clone()).expect("root");
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = if as_admin {
            builder.with_client_auth_cert(vec![self.admin.0.clone()], self.admin.1.clone_key()).expect("client")
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = tokio::net::TcpStream::connect(self.address).await.expect("connect");
        let name = ServerName::try_from("localhost").expect("name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("tls")
    }

    async fn get(&self, as_admin: bool, protocol: &str, uri: &str, token: Option<&str>) -> (u16, String) {
        let stream = TokioIo::new(self.dial(as_admin, protocol).await);
        let mut request = Request::builder().uri(format!("https://localhost{uri}")).header(header::HOST, "localhost");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Empty::<Bytes>::new()).expect("request");
        let response = if protocol == "h2" {
            let (mut sender, connection) = conn::http2::handshake(TokioExecutor::new(), stream).await.expect("h2");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("response")
        } else {
            let (mut sender, connection) = conn::http1::handshake(stream).await.expect("h1");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("response")
        };
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.expect("body").to_bytes();
        (code, String::from_utf8_lossy(&body).into_owned())
    }

    async fn post(&self, uri: &str, object: Value) -> u16 {
        let user = User { name: "admin".into(), groups: vec!["system:masters".into()], ..User::default() };
        let request = Request::builder().method("POST").uri(uri).header("content-type", "application/json");
        let request = request.body(Body::from(object.to_string().into_bytes())).expect("request");
        self.server.handle(request, Caller::Component(Arc::new(user))).await.status().as_u16()
    }

    async fn pod(&self) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t"}});
        self.post("/api/v1/namespaces", namespace).await;
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        self.post("/api/v1/namespaces/t/serviceaccounts", account).await;
        self.post("/api/v1/nodes", json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})).await;
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n",
            "containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]}});
        assert_eq!(self.post("/api/v1/namespaces/t/pods", pod).await, 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_protocols_know_who_asks() {
    let w = world().await;
    for protocol in ["h2", "http/1.1"] {
        assert_eq!(w.get(true, protocol, "/api/v1/namespaces", None).await.0, 200);
        let (code, text) = w.get(false, protocol, "/api/v1/pods", None).await;
        let message: Value = serde_json::from_str(&text).expect("status");
        assert_eq!(code, 403);
        assert_eq!(
            message["message"],
            "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
        );
        assert_eq!(w.get(false, protocol, "/api/v1/pods", Some("nonsense")).await.0, 401);
        assert_eq!(w.get(true, protocol, "/readyz?verbose", None).await.0, 200);
        assert_eq!(w.get(true, protocol, "/metrics", None).await.0, 200);
        assert_eq!(w.get(false, protocol, "/metrics", None).await.0, 403);
    }
    w.stop.send(true).expect("stop");
    w.ended.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_and_exec_reach_the_node() {
    let w = world().await;
    w.pod().await;
    let logs = "/api/v1/namespaces/t/pods/p/log";
    let (code, text) = w.get(true, "h2", logs, None).await;
    assert!(
        code == 400 && text.contains("a container name must be specified for pod p, choose one of: [a b]"),
        "{text}"
    );
    let (_, text) = w.get(true, "h2", &format!("{logs}?container=x"), None).await;
    assert!(text.contains("container x is not valid for pod p"), "{text}");
    let (code, text) = w.get(true, "h2", &format!("{logs}?container=a&tailLines=3"), None).await;
    assert_eq!((code, text.as_str()), (200, "/containerLogs/t/p/a?tailLines=3&stream=All\n"));
    let (code, text) = w.get(true, "http/1.1", &format!("{logs}?container=a&previous=true"), None).await;
    assert!(code == 400 && text.contains("\"reason\":\"BadRequest\""), "{text}");

    let stream = TokioIo::new(w.dial(true, "http/1.1").await);
    let (mut sender, connection) = conn::http1::handshake(stream).await.expect("h1");
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/namespaces/t/pods/p/exec?container=b&command=sh&command=-c&command=a+b&stdin=true&stdout=true")
        .header(header::HOST, "localhost")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "SPDY/3.1")
        .body(Empty::<Bytes>::new())
        .expect("request");
    let mut response = sender.send_request(request).await.expect("response");
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()[header::UPGRADE], "SPDY/3.1");
    let mut io = TokioIo::new(hyper::upgrade::on(&mut response).await.expect("upgrade"));
    let wanted = "/exec/t/p/b?input=1&output=1&command=sh&command=-c&command=a%20b\nhello";
    io.write_all(b"hello").await.expect("write");
    let mut got = vec![0u8; wanted.len()];
    io.read_exact(&mut got).await.expect("echo");
    assert_eq!(String::from_utf8_lossy(&got), wanted);
}
