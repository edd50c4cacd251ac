//! An API server alone, for kubectl, wrk and profilers: `cargo run -p apiserver --example serve -- DIRECTORY [PORT]`.
//! The directory gets a datastore and a kubeconfig; without nodes and controllers nothing runs.

use std::{path::Path, sync::Arc};

use apimachinery::status::Status;
use apiserver::{
    config::Config,
    contract::{Job, NodeStream, Nodes},
    listener::{Identity, serve, tls},
    server::ApiServer,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

struct NoNodes;
impl Nodes for NoNodes {
    fn connect<'a>(&'a self, _: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>> {
        Box::pin(async { Err(Status::unavailable("there are no nodes here")) })
    }
}

struct SystemClock;
impl apimachinery::time::Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

struct Leaf {
    pem: String,
    key_pem: String,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn leaf(issuer: &Issuer<'_, KeyPair>, name: &str, group: &str) -> Result<Leaf, Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, group);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(Leaf {
        pem: certificate.pem(),
        key_pem: key.serialize_pem(),
        der: certificate.der().clone(),
        key: PrivateKeyDer::try_from(key.serialize_der())?,
    })
}

fn write(directory: &Path, port: u16, ca: &str, admin: &Leaf) -> std::io::Result<()> {
    let data = |text: &str| STANDARD.encode(text);
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": data(ca)}}],
        "users": [{"name": "x", "user": {"client-certificate-data": data(&admin.pem), "client-key-data": data(&admin.key_pem)}}]});
    std::fs::write(directory.join("kubeconfig"), config.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let port: u16 = arguments.next().unwrap_or_else(|| "16443".into()).parse()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let ca = params.self_signed(&key)?;
    let (ca_der, ca_pem) = (ca.der().clone(), ca.pem());
    let issuer = Issuer::new(params, key);
    let (server, admin) = (leaf(&issuer, "server", "x")?, leaf(&issuer, "admin", "system:masters")?);
    let random = ring::rand::SystemRandom::new();
    let signing =
        ring::signature::EcdsaKeyPair::generate_pkcs8(&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| "no randomness")?;
    let mut config = Config::minimal(Arc::new(SystemClock), signing.as_ref().to_vec());
    config.client_ca = vec![ca_der.clone()];
    config.port = port;
    std::fs::create_dir_all(&directory)?;
    let directory = Path::new(&directory);
    let store = storage::Embedded::open(directory.join("store"), storage::Options::default())?;
    let api = ApiServer::start(config, Arc::new(store), Arc::new(NoNodes)).await?;
    write(directory, port, &ca_pem, &admin)?;
    let tls = tls(Identity { chain: vec![server.der], key: server.key }, &[ca_der])?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send(true);
    });
    serve(api, listener, tls, stopped).await;
    Ok(())
}
