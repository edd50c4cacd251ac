//! `/etc/hosts` and the host name of a pod.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{HostAlias, Pod};

use crate::pods::spec;

/// Host name and domain (empty without `subdomain`).
pub(crate) fn hostname(pod: &Pod, cluster_domain: &str) -> (String, String) {
    let spec = spec::spec(pod);
    if let Some(name) = spec.hostname_override.as_deref() {
        return (truncated(name), String::new());
    }
    let own = spec.hostname.as_deref().filter(|name| !name.is_empty()).unwrap_or(spec::name(pod));
    let domain = match spec.subdomain.as_deref().filter(|name| !name.is_empty()) {
        Some(sub) => format!("{sub}.{}.svc.{cluster_domain}", spec::namespace(pod)),
        None => String::new(),
    };
    (truncated(own), domain)
}

fn truncated(name: &str) -> String {
    if name.len() <= 63 {
        return name.to_owned();
    }
    name[..63].trim_end_matches(['-', '.']).to_owned()
}

/// What `uname -n` says in the pod: the full name with `setHostnameAsFQDN`.
pub(crate) fn uts_name(pod: &Pod, cluster_domain: &str) -> Result<String, String> {
    let (host, domain) = hostname(pod, cluster_domain);
    if spec::spec(pod).set_hostname_as_fqdn != Some(true) || domain.is_empty() {
        return Ok(host);
    }
    let full = format!("{host}.{domain}");
    if full.len() > 64 {
        return Err(format!(
            "failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long (64 characters is the max, {} characters requested)",
            full.len()
        ));
    }
    Ok(full)
}

/// The file of a pod with its own network.
pub(crate) fn managed(ips: &[IpAddr], host: &str, domain: &str, aliases: &[HostAlias]) -> String {
    let mut out = String::from(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    );
    for ip in ips {
        if domain.is_empty() {
            out.push_str(&format!("{ip}\t{host}\n"));
        } else {
            out.push_str(&format!("{ip}\t{host}.{domain}\t{host}\n"));
        }
    }
    out.push_str(&alias_lines(aliases));
    out
}

/// The file of a pod in the node's network.
pub(crate) fn from_host(file: &str, aliases: &[HostAlias]) -> String {
    format!("# Kubernetes-managed hosts file (host network).\n{file}{}", alias_lines(aliases))
}

fn alias_lines(aliases: &[HostAlias]) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let mut out = String::from("\n# Entries added by HostAliases.\n");
    for alias in aliases {
        out.push_str(&format!("{}\t{}\n", alias.ip, alias.hostnames.as_deref().unwrap_or_default().join("\t")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubernetes_writes_it() {
        let ips: Vec<IpAddr> = vec!["10.244.0.5".parse().unwrap()];
        let aliases = [HostAlias { ip: "1.2.3.4".into(), hostnames: Some(vec!["a".into(), "b".into()]) }];
        let text = managed(&ips, "web-0", "web.n.svc.cluster.local", &aliases);
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
        assert!(
            text.ends_with(
                "10.244.0.5\tweb-0.web.n.svc.cluster.local\tweb-0\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"
            ),
            "{text}"
        );
        let mut pod = Pod::default();
        pod.metadata.name = Some(format!("{}-x", "a".repeat(62)));
        assert_eq!(hostname(&pod, "cluster.local").0, "a".repeat(62));
    }
}
