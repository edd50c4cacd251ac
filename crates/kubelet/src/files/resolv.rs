//! `/etc/resolv.conf` of a pod.

use k8s_openapi::api::core::v1::{Pod, PodDNSConfig};

use crate::pods::spec;

const MAX_SERVERS: usize = 3;
const MAX_SEARCHES: usize = 32;
const MAX_SEARCH_CHARS: usize = 2048;
const MAX_NAME: usize = 253;

/// A resolver's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Resolver {
    pub(crate) servers: Vec<String>,
    pub(crate) searches: Vec<String>,
    pub(crate) options: Vec<String>,
}

/// Reads a `resolv.conf`: the last `search` wins, servers add up.
pub(crate) fn parse(text: &str) -> Resolver {
    let mut out = Resolver::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => out.servers.extend(words.next().map(ToOwned::to_owned)),
            Some("search") => {
                out.searches =
                    words.filter(|word| *word != ".").map(|word| word.trim_end_matches('.').to_owned()).collect()
            }
            Some("options") => {
                for option in words {
                    merge_option(&mut out.options, option);
                }
            }
            _ => {}
        }
    }
    out
}

fn merge_option(options: &mut Vec<String>, option: &str) {
    let name = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    let wanted = name(option);
    match options.iter_mut().find(|known| name(known) == wanted) {
        Some(known) => option.clone_into(known),
        None => options.push(option.to_owned()),
    }
}

/// A pod's settings and what had to be cut (for an event).
pub(crate) fn for_pod(
    pod: &Pod,
    host: &Resolver,
    cluster_dns: &[String],
    cluster_domain: &str,
) -> (Resolver, Vec<String>) {
    let policy = spec::spec(pod).dns_policy.as_deref().unwrap_or("ClusterFirst");
    let cluster = match policy {
        "ClusterFirstWithHostNet" => true,
        "ClusterFirst" => !spec::is_host_network(pod),
        _ => false,
    };
    let mut out = if policy == "None" {
        Resolver::default()
    } else if cluster && !cluster_dns.is_empty() {
        let mut searches = vec![
            format!("{}.svc.{cluster_domain}", spec::namespace(pod)),
            format!("svc.{cluster_domain}"),
            cluster_domain.to_owned(),
        ];
        searches.extend(host.searches.iter().cloned());
        Resolver { servers: cluster_dns.to_vec(), searches: unique(searches), options: vec!["ndots:5".into()] }
    } else {
        host.clone()
    };
    if let Some(own) = &spec::spec(pod).dns_config {
        append(&mut out, own);
    }
    let warnings = limit(&mut out);
    (out, warnings)
}

fn append(out: &mut Resolver, own: &PodDNSConfig) {
    out.servers.extend(own.nameservers.iter().flatten().cloned());
    out.servers = unique(std::mem::take(&mut out.servers));
    out.searches.extend(own.searches.iter().flatten().cloned());
    out.searches = unique(std::mem::take(&mut out.searches));
    for option in own.options.iter().flatten() {
        let name = option.name.as_deref().unwrap_or_default();
        match option.value.as_deref().filter(|value| !value.is_empty()) {
            Some(value) => merge_option(&mut out.options, &format!("{name}:{value}")),
            None => merge_option(&mut out.options, name),
        }
    }
}

fn unique(list: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    list.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

fn limit(out: &mut Resolver) -> Vec<String> {
    let mut warnings = Vec::new();
    if out.servers.len() > MAX_SERVERS {
        out.servers.truncate(MAX_SERVERS);
        warnings.push(format!(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {}",
            out.servers.join(" ")
        ));
    }
    let before = out.searches.clone();
    out.searches.truncate(MAX_SEARCHES);
    out.searches.retain(|name| name.len() <= MAX_NAME);
    while out.searches.join(" ").len() > MAX_SEARCH_CHARS {
        out.searches.pop();
    }
    if out.searches != before {
        warnings.push(format!(
            "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {}",
            out.searches.join(" ")
        ));
    }
    warnings
}

impl std::fmt::Display for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.searches.is_empty() {
            writeln!(f, "search {}", self.searches.join(" "))?;
        }
        for server in &self.servers {
            writeln!(f, "nameserver {server}")?;
        }
        if !self.options.is_empty() {
            writeln!(f, "options {}", self.options.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{PodDNSConfigOption, PodSpec};

    use super::*;

    #[test]
    fn policies() {
        let host = parse("# c\nnameserver 8.8.8.8\nsearch old\nsearch corp.example. .\noptions timeout:2 edns0\n");
        let pod = |policy: &str, network: bool, own: Option<PodDNSConfig>| {
            let mut pod = Pod {
                spec: Some(PodSpec {
                    dns_policy: Some(policy.into()),
                    host_network: Some(network),
                    dns_config: own,
                    ..PodSpec::default()
                }),
                ..Pod::default()
            };
            pod.metadata.namespace = Some("n".into());
            pod
        };
        let own = PodDNSConfig {
            nameservers: Some(vec!["1.1.1.1".into()]),
            searches: None,
            options: Some(vec![PodDNSConfigOption { name: Some("ndots".into()), value: Some("2".into()) }]),
        };
        for (policy, network, own, expected) in [
            (
                "ClusterFirst",
                false,
                None,
                "search n.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n",
            ),
            ("ClusterFirst", true, None, "search corp.example\nnameserver 8.8.8.8\noptions timeout:2 edns0\n"),
            ("Default", false, None, "search corp.example\nnameserver 8.8.8.8\noptions timeout:2 edns0\n"),
            ("None", false, Some(own.clone()), "nameserver 1.1.1.1\noptions ndots:2\n"),
            (
                "ClusterFirst",
                false,
                Some(own),
                "search n.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2\n",
            ),
        ] {
            let (resolver, warnings) =
                for_pod(&pod(policy, network, own), &host, &["10.96.0.10".into()], "cluster.local");
            assert_eq!(resolver.to_string(), expected, "{policy}");
            assert!(warnings.is_empty());
        }
    }
}
