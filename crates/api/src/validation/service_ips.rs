//! Addresses and families of Services, and how they may change.

use super::cursor::{At, Report, strict_ip};
use super::service::is_headless;
use crate::access::{items, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// The fields that belong together.
pub(super) fn related(new: &Value, report: &mut Report) {
    let spec = At::root(new, "spec");
    if spec.get("type") == "ExternalName" {
        return;
    }
    let (ips, families) = (spec.child("clusterIPs"), spec.child("ipFamilies"));
    let one = spec.get("clusterIP");
    match (one.is_empty(), ips.count()) {
        (false, 0) => report.required(&ips, ""),
        (false, _) if text(&ips.value[0]) != one => report.invalid(&ips, "first value must match `clusterIP`"),
        (true, 1..) => report.invalid(&ips, "must be empty when `clusterIP` is not specified"),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for family in families.items() {
        if !["IPv4", "IPv6"].contains(&family.text()) {
            report.not_supported(&family, &["IPv4", "IPv6"]);
        }
        if !seen.insert(family.text()) {
            report.duplicate(&family, family.text());
        }
    }
    report.maybe_one_of(&spec.child("ipFamilyPolicy"), &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    if addresses(&ips, report) && !is_headless(new) {
        by_family(&ips, families.value, report);
    }
}

/// False: there is no use in looking further.
fn addresses(ips: &At<'_>, report: &mut Report) -> bool {
    let mut sound = true;
    for (i, ip) in ips.items().enumerate() {
        if i == 0 && ip.text() == "None" {
            if ips.count() > 1 {
                sound = false;
                report.invalid(ips, "'None' must be the first and only value");
            }
            continue;
        }
        sound &= strict_ip(ip.text());
        report.ip(&ip);
    }
    if ips.count() > 2 {
        report.invalid(ips, "may only hold up to 2 values");
    }
    if sound && ips.count() > 1 {
        let six = items(ips.value).iter().filter(|ip| text(ip).contains(':')).count();
        if six == 0 || six == ips.count() {
            report.invalid(ips, "may specify no more than one IP for each IP family");
        }
    }
    sound
}

fn by_family(ips: &At<'_>, families: &Value, report: &mut Report) {
    for (i, (ip, family)) in ips.items().zip(items(families)).enumerate() {
        let wanted = match (text(family), ip.text().contains(':')) {
            ("IPv4", true) => "IPv4",
            ("IPv6", false) => "IPv6",
            _ => continue,
        };
        report.invalid(&ip, format!("expected an {wanted} value as indicated by `ipFamilies[{i}]`"));
    }
}

/// What may change: a second address may come and go, the first stays.
pub(super) fn update(new: &Value, old: &Value, report: &mut Report) {
    if new["spec"]["type"] == "ExternalName" || old["spec"]["type"] == "ExternalName" {
        return;
    }
    let (headless, was_headless) = (is_headless(new), is_headless(old));
    if !(headless && was_headless) {
        list(new, old, "clusterIPs", "primary clusterIP can not be unset", "releasing the secondary clusterIP", report);
    }
    if !headless && !was_headless {
        list(new, old, "ipFamilies", "primary ipFamily can not be unset", "releasing the secondary ipFamily", report);
    }
}

fn list(new: &Value, old: &Value, field: &str, unset: &str, releasing: &str, report: &mut Report) {
    let spec = At::root(new, "spec");
    let at = spec.child(field);
    let (now, was) = (items(at.value), items(&old["spec"][field]));
    let error = |i: usize, detail: &str, report: &mut Report| {
        let place = At::new(at.value, at.path.index(i));
        report.invalid(&place, detail);
    };
    if now.len() == was.len() {
        for i in (0..now.len()).filter(|i| now[*i] != was[*i]) {
            let place = if field == "clusterIPs" { i } else { 0 };
            error(place, "may not change once set", report);
        }
        return;
    }
    let first_changed = now.first().zip(was.first()).is_some_and(|(a, b)| a != b);
    if now.is_empty() && was.len() > now.len() {
        error(0, unset, report);
    }
    if first_changed {
        error(0, "may not change once set", report);
    }
    if now.len() == 1 && was.len() > 1 && spec.get("ipFamilyPolicy") != "SingleStack" {
        report.invalid(&spec.child("ipFamilyPolicy"), format!("must be set to 'SingleStack' when {releasing}"));
    }
}
