//! Network policies, ingresses and what belongs to them.

use super::cursor::{At, Report, strict_cidr, strict_ip};
use super::labels;
use crate::access::text;
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use serde_json::Value;
use std::net::IpAddr;

pub(super) fn policy(new: &Value, _: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    labels::selector(&spec.child("podSelector"), report);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.child(direction).items() {
            rule.child("ports").items().for_each(|p| policy_port(&p, report));
            rule.child(peers).items().for_each(|p| peer(&p, report));
        }
    }
    let types = spec.child("policyTypes");
    if types.count() > 2 {
        report.invalid(&types, "may not specify more than two policyTypes");
        return;
    }
    for kind in types.items() {
        report.maybe_one_of(&kind, &["Ingress", "Egress"]);
    }
}

fn policy_port(at: &At<'_>, report: &mut Report) {
    report.maybe_one_of(&at.child("protocol"), &["TCP", "UDP", "SCTP"]);
    let (port, end) = (at.child("port"), at.child("endPort"));
    match port.value {
        Value::Null if !end.is_absent() => report.invalid(&end, "may not be specified when `port` is not specified"),
        Value::Null => {}
        Value::String(_) => {
            if !end.is_absent() {
                report.invalid(&end, "may not be specified when `port` is non-numeric");
            }
            report.port_number_or_name(&port);
        }
        _ => {
            report.port_number(&port);
            if !end.is_absent() {
                if end.whole() < port.whole() {
                    report.invalid(&end, "must be greater than or equal to `port`");
                }
                report.port_number(&end);
            }
        }
    }
}

fn peer(at: &At<'_>, report: &mut Report) {
    let (pods, namespaces, block) = (at.child("podSelector"), at.child("namespaceSelector"), at.child("ipBlock"));
    labels::selector(&pods, report);
    labels::selector(&namespaces, report);
    if !block.is_absent() {
        ip_block(&block, report);
    }
    let count = [&pods, &namespaces, &block].iter().filter(|p| !p.is_absent()).count();
    if count == 0 {
        report.required(at, "must specify a peer");
    } else if count > 1 && !block.is_absent() {
        report.forbidden(at, "may not specify both ipBlock and another peer");
    }
}

fn ip_block(at: &At<'_>, report: &mut Report) {
    let cidr = at.child("cidr");
    if cidr.text().is_empty() {
        report.required(&cidr, "");
        return;
    }
    report.cidr(&cidr, cidr.text());
    if !strict_cidr(cidr.text()) {
        return;
    }
    for except in at.child("except").items() {
        report.cidr(&except, except.text());
        if strict_cidr(except.text()) && !inside(cidr.text(), except.text()) {
            report.invalid(&except, "must be a strict subset of `cidr`");
        }
    }
}

fn parse(cidr: &str) -> Option<(u128, u32, u32)> {
    let (address, length) = cidr.split_once('/')?;
    let length = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(a) => Some((u128::from(u32::from(a)), length, 32)),
        IpAddr::V6(a) => Some((u128::from(a), length, 128)),
    }
}

fn inside(outer: &str, inner: &str) -> bool {
    let (Some((a, la, bits_a)), Some((b, lb, bits_b))) = (parse(outer), parse(inner)) else { return false };
    bits_a == bits_b && la < lb && (la == 0 || (a ^ b) >> (bits_a - la) == 0)
}

pub(super) fn ingress(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let (rules, default) = (spec.child("rules"), spec.child("defaultBackend"));
    if rules.count() == 0 && default.is_absent() {
        report.invalid_value(&spec, rules.value.clone(), "either `defaultBackend` or `rules` must be specified");
    }
    if !default.is_absent() {
        backend(&default, report);
    }
    for rule in rules.items() {
        let host = rule.child("host");
        if !host.text().is_empty() {
            if strict_ip(host.text()) {
                report.invalid(&host, "must be a DNS name, not an IP address");
            }
            host_name(&host, report);
        }
        let http = rule.child("http");
        if !http.is_absent() {
            if http.child("paths").count() == 0 {
                report.required(&http.child("paths"), "");
            }
            http.child("paths").items().for_each(|p| path(&p, report));
        }
    }
    for tls in spec.child("tls").items() {
        tls.child("hosts").items().for_each(|h| host_name(&h, report));
        if !tls.get("secretName").is_empty() {
            report.subdomain(&tls.child("secretName"));
        }
    }
    let class = spec.child("ingressClassName");
    if !class.is_absent() {
        report.subdomain(&class);
    }
    let annotation = new["metadata"]["annotations"]["kubernetes.io/ingress.class"].as_str();
    if let (None, Some(value), Some(class)) = (old, annotation, class.value.as_str())
        && value != class
    {
        let path = Path::new("annotations").child("kubernetes.io/ingress.class");
        report.push(FieldError::invalid(&path, value, "must match `ingressClassName` when both are specified"));
    }
}

fn host_name(at: &At<'_>, report: &mut Report) {
    let messages = if at.text().contains('*') {
        names::wildcard_dns1123_subdomain(at.text())
    } else {
        names::dns1123_subdomain(at.text())
    };
    report.messages(at, messages);
}

fn path(at: &At<'_>, report: &mut Report) {
    let (kind, path) = (at.child("pathType"), at.child("path"));
    if kind.is_absent() {
        report.required(&kind, "pathType must be specified");
        return;
    }
    let absolute = path.text().starts_with('/');
    let wrong = |detail: String, report: &mut Report| report.invalid_value(&path, path.text(), detail);
    match kind.text() {
        "Exact" | "Prefix" => {
            if !absolute {
                wrong("must be an absolute path".into(), report);
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].iter().filter(|p| path.text().contains(**p)) {
                wrong(format!("must not contain '{part}'"), report);
            }
            for part in ["/..", "/."].iter().filter(|p| path.text().ends_with(**p)) {
                wrong(format!("cannot end with '{part}'"), report);
            }
        }
        "ImplementationSpecific" if !path.text().is_empty() && !absolute => {
            wrong("must be an absolute path".into(), report)
        }
        "ImplementationSpecific" => {}
        _ => report.not_supported(&kind, &["Exact", "ImplementationSpecific", "Prefix"]),
    }
    backend(&at.child("backend"), report);
}

fn backend(at: &At<'_>, report: &mut Report) {
    let (resource, service) = (at.child("resource"), at.child("service"));
    match (resource.is_absent(), service.is_absent()) {
        (false, false) => report.invalid_value(at, "", "cannot set both resource and service backends"),
        (false, true) => typed_reference(&resource, report),
        (true, false) => {
            let name = service.child("name");
            if name.text().is_empty() {
                report.required(&name, "");
            } else {
                report.label(&name);
            }
            let port = service.child("port");
            match (port.get("name").is_empty(), port.child("number").whole() == 0) {
                (false, false) => report.invalid_value(at, "", "cannot set both port name & port number"),
                (false, true) => report.messages(&port.child("name"), names::port_name(port.get("name"))),
                (true, false) => report.port_number(&port.child("number")),
                (true, true) => report.required(at, "port name or number is required"),
            }
        }
        (true, true) => report.invalid_value(at, "", "resource or service backend is required"),
    }
}

fn typed_reference(at: &At<'_>, report: &mut Report) {
    if at.has("apiGroup") {
        report.subdomain(&at.child("apiGroup"));
    }
    for field in ["kind", "name"] {
        let at = at.child(field);
        if at.text().is_empty() {
            report.required(&at, "");
        } else {
            report.messages(&at, names::path_segment(at.text()));
        }
    }
}

pub(super) fn ingress_status(new: &Value, _: &Value, report: &mut Report) {
    for point in At::root(new, "status").down(&["loadBalancer", "ingress"]).items() {
        let (ip, host) = (point.child("ip"), point.child("hostname"));
        if !ip.text().is_empty() {
            report.ip(&ip);
        }
        if !host.text().is_empty() {
            report.subdomain(&host);
        }
    }
}

pub(super) fn ingress_class(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let controller = spec.child("controller");
    if let Some(old) = old {
        report.immutable(&controller, &old["spec"]["controller"]);
    }
    if controller.text().len() > 250 {
        report.too_long(&controller, 250);
    }
    super::batch::domain_path(&controller, report);
    let parameters = spec.child("parameters");
    if parameters.is_absent() {
        return;
    }
    typed_reference(&parameters, report);
    let scope = parameters.child("scope");
    report.maybe_one_of(&scope, &["Cluster", "Namespace"]);
    let namespace = parameters.child("namespace");
    match scope.text() {
        "Namespace" if namespace.text().is_empty() => {
            report.required(&namespace, "`parameters.scope` is set to 'Namespace'")
        }
        "Namespace" => report.label(&namespace),
        "Cluster" if !namespace.is_absent() => report.forbidden(&namespace, "`parameters.scope` is set to 'Cluster'"),
        _ => {}
    }
}

pub(super) fn service_cidr(new: &Value, old: Option<&Value>, report: &mut Report) {
    let cidrs = At::root(new, "spec").child("cidrs");
    if let Some(old) = old {
        report.immutable(&cidrs, &old["spec"]["cidrs"]);
        return;
    }
    if cidrs.count() == 0 {
        report.required(&cidrs, "at least one CIDR required");
    } else if cidrs.count() > 2 {
        report.invalid(&cidrs, "may only hold up to 2 values");
    }
    let six = cidrs.items().filter(|c| text(c.value).contains(':')).count();
    if cidrs.count() == 2 && six != 1 {
        report.invalid(
            &cidrs,
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
        );
    }
    cidrs.items().for_each(|c| report.cidr(&c, c.text()));
}
