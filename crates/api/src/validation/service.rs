//! Services.

use super::cursor::{At, Report};
use super::{labels, service_ips};
use apimachinery::names;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn is_headless(service: &Value) -> bool {
    service["spec"]["clusterIPs"] == json!(["None"]) || service["spec"]["clusterIP"] == "None"
}

pub(super) fn service(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    if let Some(old) = old {
        service_ips::update(new, old, report);
        load_balancer_class(new, Some(old), report);
        if needs_health_check(old)
            && needs_health_check(new)
            && new["spec"]["healthCheckNodePort"] != old["spec"]["healthCheckNodePort"]
        {
            report.forbidden(&spec.child("healthCheckNodePort"), "field is immutable");
        }
    }
    kind(new, &spec, report);
    let ports = spec.child("ports");
    let mut port_names = BTreeSet::new();
    for one in ports.items() {
        port(&one, ports.count() > 1, &mut port_names, report);
    }
    labels::labels(&spec.child("selector"), report);
    affinity(&spec, report);
    service_ips::related(new, report);
    for ip in spec.child("externalIPs").items() {
        let before = report.errors.len();
        report.ip(&ip);
        if report.errors.len() == before {
            super::endpoints::endpoint_ip(&ip, report);
        }
    }
    report.one_of(&spec.child("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    port_uniqueness(&spec, report);
    load_balancer(&spec, report);
    load_balancer_class(new, None, report);
    traffic(new, &spec, report);
}

fn kind(new: &Value, spec: &At<'_>, report: &mut Report) {
    let (kind, headless) = (spec.get("type"), is_headless(new));
    let ips = spec.child("clusterIPs");
    if spec.child("ports").count() == 0 && !headless && kind != "ExternalName" {
        report.required(&spec.child("ports"), "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let at = At::new(&ips.value[0], ips.path.index(0));
            report.invalid(&at, format!("may not be set to 'None' for {kind} services"));
        }
        "ExternalName" => {
            for (field, set) in [
                ("clusterIPs", ips.count() > 0),
                ("ipFamilies", spec.child("ipFamilies").count() > 0),
                ("ipFamilyPolicy", spec.has("ipFamilyPolicy")),
            ] {
                if set {
                    report.forbidden(&spec.child(field), "may not be set for ExternalName services");
                }
            }
            let name = spec.child("externalName");
            let plain = name.text().strip_suffix('.').unwrap_or(name.text());
            if plain.is_empty() {
                report.required(&name, "");
            }
            for message in names::dns1123_subdomain(plain).into_iter().filter(|_| !plain.is_empty()) {
                report.invalid_value(&name, plain, message);
            }
        }
        _ => {}
    }
}

fn port<'v>(at: &At<'v>, named: bool, seen: &mut BTreeSet<&'v str>, report: &mut Report) {
    let name = at.child("name");
    if named && name.text().is_empty() {
        report.required(&name, "");
    } else if !name.text().is_empty() {
        report.label(&name);
        if !seen.insert(name.text()) {
            report.duplicate(&name, name.text());
        }
    }
    report.port_number(&at.child("port"));
    report.one_of(&at.child("protocol"), &PROTOCOLS);
    report.port_number_or_name(&at.child("targetPort"));
    if at.has("appProtocol") {
        report.qualified(&at.child("appProtocol"));
    }
}

fn affinity(spec: &At<'_>, report: &mut Report) {
    let (affinity, config) = (spec.child("sessionAffinity"), spec.child("sessionAffinityConfig"));
    report.one_of(&affinity, &["ClientIP", "None"]);
    match affinity.text() {
        "ClientIP" => {
            let (client, timeout) = (config.child("clientIP"), config.down(&["clientIP", "timeoutSeconds"]));
            let missing = [&config, &client, &timeout].into_iter().find(|at| at.is_absent());
            if let Some(at) = missing {
                report.required(at, "when session affinity type is ClientIP");
            } else if !(1..=86_400).contains(&timeout.whole()) {
                report.invalid(&timeout, "must be greater than 0 and less than 86400");
            }
        }
        "None" if !config.is_absent() => report.forbidden(&config, "must not be set when session affinity is None"),
        _ => {}
    }
}

fn port_uniqueness(spec: &At<'_>, report: &mut Report) {
    let ports = spec.child("ports");
    if spec.get("type") == "ClusterIP" {
        for port in ports.items().filter(|p| p.child("nodePort").whole() != 0) {
            report.forbidden(&port.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
    }
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let node = port.child("nodePort");
        if node.whole() != 0 && !seen.insert((port.get("protocol"), node.whole())) {
            report.duplicate(&node, node.whole());
        }
    }
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let number = port.child("port").whole();
        if !seen.insert((port.get("protocol"), number)) {
            report.duplicate(&port, json!({"protocol": port.get("protocol"), "port": number, "targetPort": 0}));
        }
    }
}

fn load_balancer(spec: &At<'_>, report: &mut Report) {
    let balanced = spec.get("type") == "LoadBalancer";
    let ranges = At::new(spec.field("loadBalancerSourceRanges"), spec.path.child("LoadBalancerSourceRanges"));
    if ranges.count() > 0 && !balanced {
        report.forbidden(&ranges, "may only be used when `type` is 'LoadBalancer'");
    }
    for range in ranges.items() {
        report.cidr(&range, range.text().trim());
    }
    let allocate = spec.child("allocateLoadBalancerNodePorts");
    match (balanced, allocate.is_absent()) {
        (false, false) => report.forbidden(&allocate, "may only be used when `type` is 'LoadBalancer'"),
        (true, true) => report
            .required(&At::new(allocate.value, apimachinery::field::Path::new("allocateLoadBalancerNodePorts")), ""),
        _ => {}
    }
}

fn load_balancer_class(new: &Value, old: Option<&Value>, report: &mut Report) {
    let class = At::root(new, "spec").child("loadBalancerClass");
    let balanced = |service: &Value| service["spec"]["type"] == "LoadBalancer";
    if let Some(old) = old {
        if balanced(old) && balanced(new) && *class.value != old["spec"]["loadBalancerClass"] {
            report.invalid(&class, "may not change once set");
        }
        return;
    }
    if class.is_absent() {
        return;
    }
    if balanced(new) {
        report.qualified(&class);
    } else {
        report.forbidden(&class, "may only be used when `type` is 'LoadBalancer'");
    }
}

/// Reached from outside the cluster.
fn is_external(service: &Value) -> bool {
    let spec = &service["spec"];
    match crate::access::text(&spec["type"]) {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => crate::access::count(&spec["externalIPs"]) > 0,
        _ => false,
    }
}

fn needs_health_check(service: &Value) -> bool {
    service["spec"]["type"] == "LoadBalancer" && service["spec"]["externalTrafficPolicy"] == "Local"
}

fn traffic(new: &Value, spec: &At<'_>, report: &mut Report) {
    let external = spec.child("externalTrafficPolicy");
    if is_external(new) {
        report.one_of(&external, &["Cluster", "Local"]);
    } else if !external.text().is_empty() {
        report.invalid(&external, "may only be set for externally-accessible services");
    }
    let health = spec.child("healthCheckNodePort");
    if needs_health_check(new) {
        if health.whole() == 0 {
            report.required(&health, "");
        } else {
            report.port_number(&health);
        }
    } else if health.whole() != 0 {
        report.invalid(&health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }
    let internal = spec.child("internalTrafficPolicy");
    if internal.is_absent() && matches!(spec.get("type"), "NodePort" | "LoadBalancer" | "ClusterIP") {
        report.required(&internal, "");
    }
    report.maybe_one_of(&internal, &["Cluster", "Local"]);
    report.maybe_one_of(&spec.child("trafficDistribution"), &["PreferClose", "PreferSameZone", "PreferSameNode"]);
}

/// The addresses of load balancers.
pub(super) fn status(new: &Value, _: &Value, report: &mut Report) {
    let points = At::root(new, "status").down(&["loadBalancer", "ingress"]);
    if new["spec"]["type"] != "LoadBalancer" && points.count() > 0 {
        report.forbidden(&points, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    for point in points.items() {
        let (ip, mode, host) = (point.child("ip"), point.child("ipMode"), point.child("hostname"));
        if !ip.text().is_empty() {
            report.ip(&ip);
        }
        match (ip.text().is_empty(), mode.is_absent()) {
            (false, true) => report.required(&mode, "must be specified when `ip` is set"),
            (true, false) => report.forbidden(&mode, "may not be specified when `ip` is not set"),
            _ => report.maybe_one_of(&mode, &["Proxy", "VIP"]),
        }
        if !host.text().is_empty() {
            report.subdomain(&host);
            if super::cursor::strict_ip(host.text()) {
                report.invalid(&host, "must be a DNS name, not an IP address");
            }
        }
    }
}
