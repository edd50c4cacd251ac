//! Services, endpoints, ingress, policies, addresses.

use super::{Of, Printer, labels, or, selector, some};
use crate::access::{count, items, text, whole};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn find(kind: &str) -> Option<Printer> {
    let printer: Printer = match kind {
        "Service" => service,
        "Endpoints" => endpoints,
        "EndpointSlice" => endpoint_slice,
        "Ingress" => ingress,
        "IngressClass" => ingress_class,
        "NetworkPolicy" => network_policy,
        "ServiceCIDR" => service_cidr,
        "IPAddress" => ip_address,
        _ => return None,
    };
    Some(printer)
}

fn balancer(status: &Value) -> String {
    let points = items(&status["loadBalancer"]["ingress"]).iter();
    let names: BTreeSet<&str> = points.map(|p| or(&p["ip"], text(&p["hostname"]))).filter(|n| !n.is_empty()).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

fn external(of: Of<'_>) -> String {
    let spec = of.spec();
    let ips: Vec<&str> = items(&spec["externalIPs"]).iter().map(text).collect();
    match text(&spec["type"]) {
        "ClusterIP" | "NodePort" if ips.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => ips.join(","),
        "LoadBalancer" => {
            let mut all = vec![balancer(of.status())];
            all.extend(ips.iter().map(|i| (*i).to_owned()));
            all.retain(|a| !a.is_empty());
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ExternalName" => text(&spec["externalName"]).to_owned(),
        _ => "<unknown>".into(),
    }
}

fn service(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let ports = items(&spec["ports"]).iter().map(|p| match whole(&p["nodePort"]) {
        0 => format!("{}/{}", whole(&p["port"]), text(&p["protocol"])),
        node => format!("{}:{node}/{}", whole(&p["port"]), text(&p["protocol"])),
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    vec![
        of.name(),
        spec["type"].clone(),
        or(&spec["clusterIPs"][0], "<none>").into(),
        external(of).into(),
        if ports.is_empty() { "<none>".into() } else { ports.into() },
        of.age(),
        labels(&spec["selector"]).into(),
    ]
}

fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

fn endpoints(of: Of<'_>) -> Vec<Value> {
    let mut list = Vec::new();
    for subset in items(&of.object["subsets"]) {
        let addresses = items(&subset["addresses"]);
        let ports = items(&subset["ports"]);
        if ports.is_empty() {
            list.extend(addresses.iter().map(|a| text(&a["ip"]).to_owned()));
        }
        for port in ports {
            list.extend(addresses.iter().map(|a| host_port(text(&a["ip"]), whole(&port["port"]))));
        }
    }
    let none = if count(&of.object["subsets"]) == 0 { "<none>" } else { "" };
    vec![of.name(), some(&list, list.len(), 3, none).into(), of.age()]
}

fn endpoint_slice(of: Of<'_>) -> Vec<Value> {
    let ports: Vec<String> = items(&of.object["ports"])
        .iter()
        .map(|p| p["port"].as_i64().map_or_else(|| p["name"].as_str().unwrap_or("*").to_owned(), |n| n.to_string()))
        .collect();
    let addresses: Vec<String> = items(&of.object["endpoints"])
        .iter()
        .flat_map(|e| items(&e["addresses"]))
        .map(|a| text(a).to_owned())
        .collect();
    vec![
        of.name(),
        of.object["addressType"].clone(),
        some(&ports, ports.len(), 3, "<unset>").into(),
        some(&addresses, addresses.len(), 3, "<unset>").into(),
        of.age(),
    ]
}

fn ingress(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let rules = items(&spec["rules"]);
    let hosts: Vec<String> = rules.iter().map(|r| text(&r["host"]).to_owned()).filter(|h| !h.is_empty()).collect();
    let total = if hosts.len() > 3 { rules.len() } else { hosts.len() };
    vec![
        of.name(),
        or(&spec["ingressClassName"], "<none>").into(),
        some(&hosts, total, 3, "*").into(),
        balancer(of.status()).into(),
        if count(&spec["tls"]) > 0 { "80, 443" } else { "80" }.into(),
        of.age(),
    ]
}

fn ingress_class(of: Of<'_>) -> Vec<Value> {
    let meta = &of.object["metadata"];
    let default = meta["annotations"]["ingressclass.kubernetes.io/is-default-class"] == "true";
    let name = format!("{}{}", text(&meta["name"]), if default { " (default)" } else { "" });
    let parameters = &of.spec()["parameters"];
    let shown = if parameters.is_null() {
        "<none>".into()
    } else {
        let group = parameters["apiGroup"].as_str().map_or(String::new(), |g| format!(".{g}"));
        format!("{}{group}/{}", text(&parameters["kind"]), text(&parameters["name"]))
    };
    vec![name.into(), text(&of.spec()["controller"]).into(), shown.into(), of.age()]
}

fn network_policy(of: Of<'_>) -> Vec<Value> {
    vec![of.name(), selector(&of.spec()["podSelector"], "<none>", "<error>").into(), of.age()]
}

fn service_cidr(of: Of<'_>) -> Vec<Value> {
    let cidrs = items(&of.spec()["cidrs"]).iter().map(text).collect::<Vec<_>>().join(",");
    vec![of.name(), cidrs.into(), of.age()]
}

fn ip_address(of: Of<'_>) -> Vec<Value> {
    let parent = &of.spec()["parentRef"];
    if parent.is_null() {
        return vec![of.name(), "<none>".into()];
    }
    let join = |parts: [&Value; 2], by: &str| {
        parts.into_iter().map(text).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(by)
    };
    let kind = join([&parent["resource"], &parent["group"]], ".").to_lowercase();
    let namespace = match text(&parent["namespace"]) {
        "" => String::new(),
        name => format!("/{name}"),
    };
    vec![of.name(), format!("{kind}{namespace}/{}", text(&parent["name"])).into()]
}
