//! The control plane of one process: datastore, API server, controllers, scheduler; started in order, stopped in reverse.

use std::{net::IpAddr, sync::Arc};

use anyhow::Context;
use apiserver::{
    config::{Config, ServiceAccountKeys, Version},
    contract::Nodes,
    listener,
    server::ApiServer,
};
use client::{Client, Env, Informers};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{certs::Pki, instance::Instance, log::Log, transport::InProcess};

/// Kubernetes' version that the API speaks.
pub const KUBERNETES: &str = "v1.37.0";

/// What the control plane is told.
pub struct Settings {
    /// Addresses of pods.
    pub pod_cidr: String,
    /// Addresses of Services.
    pub service_cidr: String,
    /// Ports of NodePort Services, inclusive.
    pub node_ports: (u16, u16),
    /// DNS domain.
    pub cluster_domain: String,
    /// Address under which pods and other hosts reach the API.
    pub advertise: IpAddr,
    /// Port of the API.
    pub api_port: u16,
    /// A node that is silent for so long is given up.
    pub node_grace: std::time::Duration,
    /// Objects that this distribution adds to those of every cluster.
    pub objects: Vec<serde_json::Value>,
    /// Lines for the operator.
    pub log: Log,
}

/// A running control plane.
pub struct ControlPlane {
    /// The API server.
    pub server: Arc<ApiServer>,
    /// The datastore.
    pub store: Arc<storage::Embedded>,
    /// Informers that all components of the process share.
    pub informers: Informers,
    /// Clock, randomness, log.
    pub env: Env,
    stop_listener: watch::Sender<bool>,
    listener: JoinHandle<()>,
    loops: Option<(controllers::Handle, JoinHandle<()>)>,
}

impl ControlPlane {
    /// Opens the datastore, fills the API server, listens.
    pub async fn start(
        instance: &Instance,
        pki: &Pki,
        settings: &Settings,
        socket: TcpListener,
        nodes: Arc<dyn Nodes>,
    ) -> anyhow::Result<Self> {
        let dir = instance.dir.join("store");
        let options = storage::Options::default();
        // One scan of the file: blocking, and nothing else can go on before it.
        let opened = tokio::task::spawn_blocking(move || storage::Embedded::open(dir, options)).await?;
        let store = Arc::new(opened.map_err(|error| unusable(error, instance))?);
        let config = config(pki, settings)?;
        let client_ca = config.client_ca.clone();
        let server =
            ApiServer::start(config, store.clone(), nodes).await.map_err(|e| anyhow::anyhow!("the API server: {e}"))?;
        let identity = listener::Identity {
            chain: CertificateDer::pem_slice_iter(pki.apiserver.cert.as_bytes()).collect::<Result<_, _>>()?,
            key: PrivateKeyDer::from_pem_slice(pki.apiserver.key.as_bytes())?,
        };
        let tls = listener::tls(identity, &client_ca)?;
        let (stop_listener, stopped) = watch::channel(false);
        let listener = tokio::spawn(listener::serve(server.clone(), socket, tls, stopped));
        let env = Env::system(seed()).with_log(settings.log.clone());
        let reader = Client::new(InProcess::shared(&server, "system:kube-controller-manager", &[]));
        let informers = Informers::new(reader, env.clone());
        Ok(Self { server, store, informers, env, stop_listener, listener, loops: None })
    }

    /// Starts controllers and scheduler.
    pub fn start_loops(&mut self, pki: &Pki, settings: &Settings) -> anyhow::Result<()> {
        let server = self.server.clone();
        let transports: controllers::context::Transports = Arc::new(move |user| InProcess::shared(&server, user, &[]));
        let config = controllers::Config {
            root_ca: pki.ca.cert.clone(),
            authority: Some(Arc::new(authority(pki)?)),
            cluster_cidr: settings.pod_cidr.clone(),
            node_grace: settings.node_grace,
            ..controllers::Config::default()
        };
        let context = controllers::Context::new(transports, self.informers.clone(), self.env.clone(), config);
        let scheduler =
            Client::new(InProcess::shared(&self.server, "system:kube-scheduler", &[])).with_manager("kube-scheduler");
        self.loops =
            Some((controllers::start(context), scheduler::start(&self.informers, scheduler, self.env.clone())));
        Ok(())
    }

    /// A client under another name.
    pub fn client(&self, user: &str, groups: &[&str]) -> Client {
        Client::new(InProcess::shared(&self.server, user, groups))
    }

    /// Stops everything, the datastore last.
    pub async fn stop(mut self) {
        if let Some((controllers, scheduler)) = self.loops.take() {
            scheduler.abort();
            controllers.stop().await;
        }
        let _ = self.stop_listener.send(true);
        let _ = self.listener.await;
        let store = self.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

/// What to do about a datastore that cannot be opened.
fn unusable(error: storage::Error, instance: &Instance) -> anyhow::Error {
    match error {
        storage::Error::Damaged { .. } => anyhow::anyhow!(
            "the datastore {error}\n  Nothing of it is served; pods that run are left alone. Put a backup in its place with\n    podium restore FILE --force --data-dir {}\n  which keeps the damaged file in {}",
            instance.dir.display(),
            crate::backup::before(instance).display()
        ),
        other => other.into(),
    }
}

/// Signs certificates for those who ask the API.
fn authority(pki: &Pki) -> anyhow::Result<controllers::authority::Authority> {
    let certificate = CertificateDer::from_pem_slice(pki.ca.cert.as_bytes()).context("pki/ca.crt")?;
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(pki.ca.key.as_bytes()).context("pki/ca.key")? else {
        anyhow::bail!("pki/ca.key is not in PKCS#8")
    };
    Ok(controllers::authority::Authority::new(&certificate, key.secret_pkcs8_der())?)
}

/// Randomness for jitter and names; secrets are made elsewhere.
pub fn seed() -> u64 {
    let mut bytes = [0u8; 8];
    apiserver::config::system_random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn config(pki: &Pki, settings: &Settings) -> anyhow::Result<Config> {
    let key = PrivateKeyDer::from_pem_slice(pki.service_account_key.as_bytes()).context("pki/sa.key")?;
    let issuer = format!("https://kubernetes.default.svc.{}", settings.cluster_domain);
    let PrivateKeyDer::Pkcs8(key) = key else { anyhow::bail!("pki/sa.key is not in PKCS#8") };
    Ok(Config {
        client_ca: CertificateDer::pem_slice_iter(pki.ca.cert.as_bytes())
            .collect::<Result<_, _>>()
            .context("pki/ca.crt")?,
        service_accounts: ServiceAccountKeys {
            signing_pkcs8: key.secret_pkcs8_der().to_vec(),
            accepted_public: Vec::new(),
            audiences: vec![issuer.clone()],
            issuer,
        },
        service_cidrs: vec![settings.service_cidr.clone()],
        node_ports: settings.node_ports,
        advertise_address: settings.advertise,
        port: settings.api_port,
        cluster_domain: settings.cluster_domain.clone(),
        version: Version {
            major: "1".into(),
            minor: "37".into(),
            git_version: format!("{KUBERNETES}+podium{}", env!("CARGO_PKG_VERSION")),
            git_commit: String::new(),
            build_date: String::new(),
        },
        limits: apiserver::config::Limits::default(),
        clock: Arc::new(apimachinery_clock::Now),
        random: Arc::new(apiserver::config::system_random),
        objects: settings.objects.clone(),
        log: settings.log.clone(),
    })
}

mod apimachinery_clock {
    //! The machine's clock, as the API server wants it.

    /// Now.
    pub struct Now;

    impl apimachinery::time::Clock for Now {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::now()
        }
    }
}
