//! Endpoints and endpoint slices.

use super::cursor::{At, Report, strict_ip};
use super::labels;
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn endpoints(new: &Value, old: Option<&Value>, report: &mut Report) {
    let subsets = At::root(new, "subsets");
    // What was stored before a rule came is let through as long as it does not change.
    if old.is_some_and(|old| old["subsets"] == *subsets.value) {
        return;
    }
    for subset in subsets.items() {
        let (ready, other, ports) =
            (subset.child("addresses"), subset.child("notReadyAddresses"), subset.child("ports"));
        if ready.count() == 0 && other.count() == 0 {
            report.required(&subset, "must specify `addresses` or `notReadyAddresses`");
        }
        for address in ready.items().chain(other.items()) {
            endpoint_address(&address, report);
        }
        for port in ports.items() {
            endpoint_port(&port, ports.count() > 1, report);
        }
    }
}

fn endpoint_address(at: &At<'_>, report: &mut Report) {
    let ip = at.child("ip");
    report.ip(&ip);
    if !at.get("hostname").is_empty() {
        report.label(&at.child("hostname"));
    }
    if at.has("nodeName") {
        report.subdomain(&at.child("nodeName"));
    }
    endpoint_ip(&ip, report);
}

/// An address that traffic may be sent to.
pub(super) fn endpoint_ip(at: &At<'_>, report: &mut Report) {
    let Ok(ip) = at.text().parse::<IpAddr>() else {
        report.invalid_value(at, at.text(), "must be a valid IP address");
        return;
    };
    let local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let multicast = match ip {
        IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    };
    if ip.is_unspecified() {
        report.invalid(at, format!("may not be unspecified ({})", at.text()));
    }
    if ip.is_loopback() {
        report.invalid(at, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if local {
        report.invalid(at, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if multicast {
        report.invalid(at, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

fn endpoint_port(at: &At<'_>, named: bool, report: &mut Report) {
    let name = at.child("name");
    if named && name.text().is_empty() {
        report.required(&name, "");
    } else if !name.text().is_empty() {
        report.label(&name);
    }
    report.port_number(&at.child("port"));
    report.one_of(&at.child("protocol"), &PROTOCOLS);
    if at.has("appProtocol") {
        report.qualified(&at.child("appProtocol"));
    }
}

pub(super) fn slice(new: &Value, old: Option<&Value>, report: &mut Report) {
    let kind = At::root(new, "addressType");
    report.one_of(&kind, &["FQDN", "IPv4", "IPv6"]);
    slice_ports(&At::root(new, "ports"), report);
    let endpoints = At::root(new, "endpoints");
    if old.is_none_or(|old| old["endpoints"] != *endpoints.value) {
        if endpoints.count() > 1000 {
            report.push(FieldError::too_many(&endpoints.path, endpoints.count(), 1000));
        } else {
            endpoints.items().for_each(|e| slice_endpoint(&e, kind.text(), report));
        }
    }
    if let Some(old) = old {
        report.immutable(&kind, &old["addressType"]);
    }
}

fn slice_ports(at: &At<'_>, report: &mut Report) {
    if at.count() > 20_000 {
        report.push(FieldError::too_many(&at.path, at.count(), 20_000));
        return;
    }
    let mut seen = BTreeSet::new();
    for port in at.items() {
        let name = port.child("name");
        if !name.text().is_empty() {
            report.label(&name);
        }
        if !seen.insert(name.text()) {
            report.duplicate(&name, name.text());
        }
        report.one_of(&port.child("protocol"), &PROTOCOLS);
        if port.has("appProtocol") {
            report.qualified(&port.child("appProtocol"));
        }
    }
}

fn slice_endpoint(at: &At<'_>, kind: &str, report: &mut Report) {
    let addresses = at.child("addresses");
    if addresses.count() == 0 {
        report.required(&addresses, "must contain at least 1 address");
    } else if addresses.count() > 100 {
        report.push(FieldError::too_many(&addresses.path, addresses.count(), 100));
    }
    for address in addresses.items() {
        slice_address(&address, &addresses, kind, report);
    }
    if at.has("nodeName") {
        report.subdomain(&at.child("nodeName"));
    }
    let topology = at.child("deprecatedTopology");
    if topology.count() > 16 {
        report.push(FieldError::too_many(&topology.path, topology.count(), 16));
    }
    labels::labels(&topology, report);
    if at.has("hostname") {
        report.label(&at.child("hostname"));
    }
    hints(&at.child("hints"), report);
}

fn slice_address(at: &At<'_>, list: &At<'_>, kind: &str, report: &mut Report) {
    match kind {
        "IPv4" | "IPv6" => {
            report.ip(at);
            if strict_ip(at.text()) {
                if at.text().contains(':') != (kind == "IPv6") {
                    report.push(FieldError::invalid(&list.path, at.text(), format!("must be an {kind} address")));
                }
                endpoint_ip(at, report);
            }
        }
        "FQDN" => {
            let name = at.text();
            if name.is_empty() {
                report.required(at, "");
                return;
            }
            let plain = name.strip_suffix('.').unwrap_or(name);
            let messages = names::dns1123_subdomain(plain);
            if messages.is_empty() && plain.split('.').count() < 2 {
                report.invalid(at, "should be a domain with at least two segments separated by dots");
            }
            report.messages(at, messages);
        }
        _ => {}
    }
}

fn hints(at: &At<'_>, report: &mut Report) {
    for (field, check) in
        [("forZones", names::label_value as fn(&str) -> Vec<String>), ("forNodes", names::dns1123_subdomain)]
    {
        let list = at.child(field);
        if list.count() > 8 {
            report.push(FieldError::too_many(&list.path, list.count(), 8));
            return;
        }
        let mut seen = BTreeSet::new();
        for hint in list.items() {
            let name = hint.child("name");
            if !seen.insert(name.text()) {
                report.duplicate(&name, name.text());
            }
            report.messages(&name, check(name.text()));
        }
    }
}
