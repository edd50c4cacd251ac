//! One attempt of a probe.

use std::{sync::Arc, time::Duration};

use cri::runtime::{ContainerId, Runtime, SandboxId};
use k8s_openapi::{
    api::core::v1::{Container, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};
use tokio::net::TcpStream;

use super::{
    Answer, exec, grpc,
    http::{self, Target, dial_error},
};
use crate::env::expand::expand;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) sandbox: SandboxId,
    pub(crate) id: ContainerId,
    pub(crate) container: Arc<Container>,
    pub(crate) pod_ip: String,
}

/// A port by number or name.
pub(crate) fn port_of(port: &IntOrString, container: &Container) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => match name.parse::<i32>() {
            Ok(number) => number,
            Err(_) => container
                .ports
                .iter()
                .flatten()
                .find(|port| port.name.as_deref() == Some(name))
                .map(|port| port.container_port)
                .ok_or_else(|| format!("couldn't find port: {name}"))?,
        },
    };
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or_else(|| format!("invalid port number: {number}"))
}

/// Static values of the container's own variables: commands of probes see nothing else.
fn static_value(container: &Container, name: &str) -> Option<String> {
    container.env.iter().flatten().find(|variable| variable.name == name).and_then(|variable| variable.value.clone())
}

/// Tries it once.
pub(crate) async fn attempt(place: &Place, probe: &Probe) -> Answer {
    let timeout = Duration::from_secs(u64::try_from(probe.timeout_seconds.unwrap_or(1)).unwrap_or(1).max(1));
    if let Some(action) = &probe.exec {
        let command: Vec<_> = action
            .command
            .iter()
            .flatten()
            .map(|word| expand(word, &|name| static_value(&place.container, name)))
            .collect();
        return exec::probe(&place.runtime, &place.sandbox, &place.id, &command, timeout).await;
    }
    if let Some(action) = &probe.http_get {
        return match Target::new(action, &place.container, &place.pod_ip, "probe") {
            Ok(target) => http::probe(target, timeout).await,
            Err(error) => Answer::Error(error),
        };
    }
    if let Some(action) = &probe.tcp_socket {
        let host = action.host.as_deref().filter(|host| !host.is_empty()).unwrap_or(&place.pod_ip);
        return match port_of(&action.port, &place.container) {
            Ok(port) => tcp(host, port, timeout).await,
            Err(error) => Answer::Error(error),
        };
    }
    if let Some(action) = &probe.grpc {
        return match u16::try_from(action.port) {
            Ok(port) => grpc::probe(&place.pod_ip, port, action.service.as_deref().unwrap_or_default(), timeout).await,
            Err(_) => Answer::Error(format!("invalid port number: {}", action.port)),
        };
    }
    Answer::Error(format!("missing probe handler for {}", place.container.name))
}

async fn tcp(host: &str, port: u16, timeout: Duration) -> Answer {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    match tokio::time::timeout(timeout, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Answer::Success,
        Ok(Err(error)) => Answer::Failure(dial_error(&address, &error)),
        Err(_) => Answer::Failure(format!("dial tcp {address}: i/o timeout")),
    }
}
