//! What the API server is told from outside. No flags and no environment are read here.

use std::{net::IpAddr, sync::Arc};

use apimachinery::time::Clock;
use rustls_pki_types::CertificateDer;

/// Where lines for the operator go.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Fills a buffer with random bytes: a secure source in production, a seeded one in simulations.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// What `/version` says.
#[derive(Debug, Clone)]
pub struct Version {
    /// `1`.
    pub major: String,
    /// `37`.
    pub minor: String,
    /// `v1.37.0+podium…`.
    pub git_version: String,
    /// Commit, or empty.
    pub git_commit: String,
    /// RFC 3339, or empty.
    pub build_date: String,
}

/// Keys of service-account tokens (ES256).
#[derive(Clone)]
pub struct ServiceAccountKeys {
    /// The signing key, PKCS#8 DER.
    pub signing_pkcs8: Vec<u8>,
    /// Further public keys whose tokens are accepted (uncompressed P-256 points).
    pub accepted_public: Vec<Vec<u8>>,
    /// `iss` of the tokens made here, and accepted.
    pub issuer: String,
    /// Audiences of this API server; tokens without a wished audience get these.
    pub audiences: Vec<String>,
}

/// Bounds of the flow.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Reads in flight, long-running ones not counted.
    pub reads: usize,
    /// Writes in flight.
    pub writes: usize,
    /// Largest request body in bytes.
    pub body_bytes: usize,
    /// Open connections.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { reads: 800, writes: 400, body_bytes: 3 * 1024 * 1024, connections: 20_000 }
    }
}

/// The configuration of one API server.
#[derive(Clone)]
pub struct Config {
    /// Certificates that sign client certificates (DER).
    pub client_ca: Vec<CertificateDer<'static>>,
    /// Keys of service-account tokens.
    pub service_accounts: ServiceAccountKeys,
    /// Addresses of Services, `10.96.0.0/12`; the first family is the default one.
    pub service_cidrs: Vec<String>,
    /// Ports of NodePort Services, inclusive.
    pub node_ports: (u16, u16),
    /// The address under which this server is reached from pods and other hosts (endpoints of the `kubernetes` Service).
    pub advertise_address: IpAddr,
    /// The port that it listens on.
    pub port: u16,
    /// `cluster.local`.
    pub cluster_domain: String,
    /// What `/version` says.
    pub version: Version,
    /// Bounds.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for uids and generated names.
    pub random: Random,
    /// Objects that a distribution adds to those of every cluster; kept up like these.
    pub objects: Vec<serde_json::Value>,
    /// Lines for the operator.
    pub log: Log,
}

impl Config {
    /// A configuration for tests and a first start: no client CA, the system's clock and randomness, silence.
    #[must_use]
    pub fn minimal(clock: Arc<dyn Clock>, signing_pkcs8: Vec<u8>) -> Self {
        Config {
            client_ca: Vec::new(),
            service_accounts: ServiceAccountKeys {
                signing_pkcs8,
                accepted_public: Vec::new(),
                issuer: "https://kubernetes.default.svc.cluster.local".into(),
                audiences: vec!["https://kubernetes.default.svc.cluster.local".into()],
            },
            service_cidrs: vec!["10.96.0.0/12".into()],
            node_ports: (30000, 32767),
            advertise_address: IpAddr::from([127, 0, 0, 1]),
            port: 6443,
            cluster_domain: "cluster.local".into(),
            version: Version {
                major: "1".into(),
                minor: "37".into(),
                git_version: "v1.37.0+podium".into(),
                git_commit: String::new(),
                build_date: String::new(),
            },
            limits: Limits::default(),
            clock,
            random: Arc::new(system_random),
            objects: Vec::new(),
            log: Arc::new(|_| {}),
        }
    }
}

/// The system's secure randomness.
pub fn system_random(buffer: &mut [u8]) {
    use ring::rand::SecureRandom;
    // The only failure is a system without getrandom(2); then nothing secure can run at all.
    if ring::rand::SystemRandom::new().fill(buffer).is_err() {
        std::process::abort();
    }
}
