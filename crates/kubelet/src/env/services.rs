//! Variables that name the services of a namespace, and always the API's.

use k8s_openapi::api::core::v1::Service;

fn variable(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

fn cluster_ip(service: &Service) -> Option<&str> {
    let ip = service.spec.as_ref()?.cluster_ip.as_deref()?;
    (!ip.is_empty() && ip != "None").then_some(ip)
}

/// The variables for a pod of this namespace, in order of service names.
pub(crate) fn variables<'a>(
    services: impl Iterator<Item = &'a Service>,
    namespace: &str,
    links: bool,
) -> Vec<(String, String)> {
    let mut chosen: std::collections::BTreeMap<&str, &Service> = std::collections::BTreeMap::new();
    for service in services {
        let (own, name) = (
            service.metadata.namespace.as_deref().unwrap_or_default(),
            service.metadata.name.as_deref().unwrap_or_default(),
        );
        if cluster_ip(service).is_none() {
            continue;
        }
        if own == namespace && links {
            chosen.insert(name, service);
        } else if own == "default" && name == "kubernetes" {
            chosen.entry(name).or_insert(service);
        }
    }
    let mut out = Vec::new();
    for (name, service) in chosen {
        of_service(name, service, &mut out);
    }
    out
}

fn of_service(name: &str, service: &Service, out: &mut Vec<(String, String)>) {
    let Some(ip) = cluster_ip(service) else { return };
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    let Some(first) = ports.first() else { return };
    let prefix = variable(name);
    out.push((format!("{prefix}_SERVICE_HOST"), ip.to_owned()));
    out.push((format!("{prefix}_SERVICE_PORT"), first.port.to_string()));
    for port in ports {
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            out.push((format!("{prefix}_SERVICE_PORT_{}", variable(name)), port.port.to_string()));
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
        let url = format!("{}://{host}:{}", protocol.to_lowercase(), port.port);
        if index == 0 {
            out.push((format!("{prefix}_PORT"), url.clone()));
        }
        let base = format!("{prefix}_PORT_{}_{}", port.port, protocol.to_uppercase());
        out.push((base.clone(), url));
        out.push((format!("{base}_PROTO"), protocol.to_lowercase()));
        out.push((format!("{base}_PORT"), port.port.to_string()));
        out.push((format!("{base}_ADDR"), ip.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};

    use super::*;

    fn service(namespace: &str, name: &str, ip: &str, ports: &[(&str, i32)]) -> Service {
        let mut service = Service::default();
        service.metadata.namespace = Some(namespace.into());
        service.metadata.name = Some(name.into());
        let ports = ports
            .iter()
            .map(|(name, port)| ServicePort {
                name: (!name.is_empty()).then(|| (*name).into()),
                port: *port,
                ..ServicePort::default()
            })
            .collect();
        service.spec = Some(ServiceSpec { cluster_ip: Some(ip.into()), ports: Some(ports), ..ServiceSpec::default() });
        service
    }

    #[test]
    fn names_and_values() {
        let all = [
            service("default", "kubernetes", "10.96.0.1", &[("https", 443)]),
            service("n", "my-web", "10.96.0.7", &[("", 80)]),
            service("n", "headless", "None", &[("", 1)]),
        ];
        let with = variables(all.iter(), "n", true);
        let value = |name: &str| with.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(value("KUBERNETES_SERVICE_HOST"), Some("10.96.0.1"));
        assert_eq!(value("KUBERNETES_SERVICE_PORT_HTTPS"), Some("443"));
        assert_eq!(value("MY_WEB_PORT_80_TCP_ADDR"), Some("10.96.0.7"));
        assert_eq!(value("MY_WEB_PORT"), Some("tcp://10.96.0.7:80"));
        assert_eq!(value("HEADLESS_SERVICE_HOST"), None);
        assert!(variables(all.iter(), "n", false).iter().all(|(name, _)| name.starts_with("KUBERNETES_")));
    }
}
