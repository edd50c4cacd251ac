//! How the API server reaches nodes: the one in this process without a socket, others by TLS to their kubelet port.

use std::sync::{Arc, OnceLock};

use apimachinery::status::Status;
use apiserver::contract::{Job, NodeStream, Nodes};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::certs::Pki;

/// Bytes that wait between the two sides of an in-process connection.
const PIPE: usize = 64 * 1024;
/// A node must take a connection within this time.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(10);

/// Serves the kubelet's API on one end of a pipe.
pub type Local = Arc<dyn Fn(tokio::io::DuplexStream) + Send + Sync>;

/// The nodes of the cluster.
pub struct Cluster {
    local_name: String,
    local: OnceLock<Local>,
    tls: tokio_rustls::TlsConnector,
}

impl Cluster {
    /// Nodes, with the name of the one in this process.
    pub fn new(local_name: &str, pki: &Pki) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pki.ca.cert.as_bytes()).filter_map(Result::ok));
        let chain =
            CertificateDer::pem_slice_iter(pki.kubelet_client.cert.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(pki.kubelet_client.key.as_bytes())?;
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        Ok(Self { local_name: local_name.to_owned(), local: OnceLock::new(), tls: Arc::new(config).into() })
    }

    /// The kubelet of this process is there.
    pub fn set_local(&self, local: Local) {
        let _ = self.local.set(local);
    }

    async fn dial(&self, node: &Value) -> Result<Box<dyn NodeStream>, Status> {
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let addresses = node["status"]["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let address = addresses.iter().find(|a| a["type"] == "InternalIP").and_then(|a| a["address"].as_str());
        let Some(address) = address else {
            return Err(Status::internal(format!("no preferred addresses found; known addresses: [] of node {name}")));
        };
        let port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"].as_u64().unwrap_or(10250);
        let target = format!("{address}:{port}");
        let failed = |reason: String| Status::internal(format!("error dialing backend: dial tcp {target}: {reason}"));
        let work = async {
            let tcp = TcpStream::connect(&target).await.map_err(|e| failed(e.to_string()))?;
            let server = ServerName::try_from(address.to_owned()).map_err(|e| failed(e.to_string()))?;
            self.tls.connect(server, tcp).await.map_err(|e| failed(e.to_string()))
        };
        let stream = tokio::time::timeout(CONNECT, work).await.map_err(|_| failed("i/o timeout".to_owned()))??;
        Ok(Box::new(stream))
    }
}

impl Nodes for Cluster {
    fn connect<'a>(&'a self, node: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>> {
        Box::pin(async move {
            if node["metadata"]["name"].as_str() != Some(&self.local_name) {
                return self.dial(node).await;
            }
            let Some(local) = self.local.get() else {
                return Err(Status::unavailable("error dialing backend: the node is starting"));
            };
            let (ours, theirs) = tokio::io::duplex(PIPE);
            local(theirs);
            Ok(Box::new(ours) as Box<dyn NodeStream>)
        })
    }
}
