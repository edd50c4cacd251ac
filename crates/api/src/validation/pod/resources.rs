//! Requests and limits.

use super::Pod;
use crate::validation::cursor::{At, NEGATIVE, Report};
use apimachinery::field::FieldError;
use apimachinery::names;
use apimachinery::quantity::Quantity;
use std::collections::BTreeSet;

const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const QUOTA: [&str; 13] = [
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
];
const QUOTA_MORE: [&str; 4] = ["persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers"];

pub(in crate::validation) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
        || QUOTA.contains(&name)
        || QUOTA_MORE.contains(&name)
        || is_huge_page(name)
        || name.starts_with("requests.hugepages-")
}

/// What a quota may count.
pub(in crate::validation) fn is_quota_resource(name: &str) -> bool {
    name != "storage" && is_standard(name)
}

fn is_native(name: &str) -> bool {
    !name.contains('/')
        || name
            .split_once('/')
            .is_some_and(|(domain, _)| domain == "kubernetes.io" || domain.ends_with(".kubernetes.io"))
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Requests may stay below limits.
pub(in crate::validation) fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

fn is_whole(name: &str) -> bool {
    let counted = ["pods", "services", "replicationcontrollers", "resourcequotas", "secrets"];
    counted.contains(&name) || QUOTA_MORE.contains(&name) || is_extended(name)
}

/// The name of any resource.
pub(in crate::validation) fn name(name: &str, at: &At<'_>, report: &mut Report) -> bool {
    let messages = names::qualified_name(name);
    let bad = !messages.is_empty();
    for message in messages {
        report.invalid_value(at, name, message);
    }
    if !bad && !name.contains('/') && !is_standard(name) {
        report.invalid_value(at, name, "must be a standard resource type or fully qualified");
        return false;
    }
    !bad
}

/// The name of a resource that containers use.
pub(in crate::validation) fn container_name(resource: &str, at: &At<'_>, report: &mut Report) {
    name(resource, at, report);
    if !resource.contains('/') {
        if !STANDARD.contains(&resource) && !is_huge_page(resource) {
            report.invalid_value(at, resource, "must be a standard resource for containers");
        }
    } else if !is_native(resource) && !is_extended(resource) {
        report.invalid_value(at, resource, "doesn't follow extended resource name standard");
    }
}

/// An amount that is not negative, and whole where the resource is counted.
pub(in crate::validation) fn amount(resource: &str, at: &At<'_>, report: &mut Report) {
    let Some(quantity) = at.quantity() else { return };
    if quantity.is_negative() {
        report.invalid_value(at, quantity.to_string(), NEGATIVE);
    }
    if is_whole(resource) && quantity.milli_value() % 1000 != 0 {
        report.invalid_value(at, quantity.to_string(), "must be an integer");
    }
}

/// Name and amount, with the rule for huge pages.
pub(super) fn container_amount(resource: &str, at: &At<'_>, report: &mut Report) {
    container_name(resource, at, report);
    amount(resource, at, report);
    huge_page(resource, at, report);
}

fn huge_page(resource: &str, at: &At<'_>, report: &mut Report) {
    let Some(size) = resource.strip_prefix("hugepages-") else { return };
    let (Some(amount), Ok(page)) = (at.quantity(), Quantity::parse(size)) else { return };
    if page.value() == 0 || amount.value() % page.value() != 0 {
        report.invalid_value(
            at,
            amount.to_string(),
            format!("{amount} is not positive integer multiple of {resource}"),
        );
    }
}

/// `resources` of a container.
pub(in crate::validation) fn requirements(at: &At<'_>, claims: &[&str], report: &mut Report) {
    let (limits, requests) = (at.child("limits"), at.child("requests"));
    let mut base = false;
    let mut huge = false;
    for (resource, value) in limits.entries() {
        container_amount(resource, &value, report);
        base |= resource == "cpu" || resource == "memory";
        huge |= is_huge_page(resource);
    }
    for (resource, value) in requests.entries() {
        container_name(resource, &value, report);
        amount(resource, &value, report);
        against_limit(resource, &value, &limits, &requests, report);
        huge_page(resource, &value, report);
        base |= resource == "cpu" || resource == "memory";
        huge |= is_huge_page(resource);
    }
    if huge && !base {
        report.forbidden(at, "HugePages require cpu or memory");
    }
    claim_names(&at.child("claims"), claims, report);
}

fn against_limit(resource: &str, value: &At<'_>, limits: &At<'_>, requests: &At<'_>, report: &mut Report) {
    let limit = limits.child(resource);
    match (value.quantity(), limit.quantity()) {
        (Some(request), Some(limit)) => {
            let word = if request != limit && !may_overcommit(resource) {
                "must be equal to"
            } else if request > limit {
                "must be less than or equal to"
            } else {
                return;
            };
            report.invalid_value(requests, request.to_string(), format!("{word} {resource} limit of {limit}"));
        }
        (_, None) if !may_overcommit(resource) => {
            report.required(limits, "Limit must be set for non overcommitable resources")
        }
        _ => {}
    }
}

fn claim_names(at: &At<'_>, claims: &[&str], report: &mut Report) {
    let mut seen = BTreeSet::new();
    for claim in at.items() {
        let (name, request) = (claim.get("name"), claim.child("request"));
        if name.is_empty() {
            report.required(&claim, "");
            continue;
        }
        if !request.text().is_empty() {
            report.label(&request);
        }
        let key = if request.text().is_empty() { name.to_owned() } else { format!("{name}/{}", request.text()) };
        let whole = seen.contains(name)
            || request.text().is_empty() && seen.iter().any(|k: &String| k.split('/').next() == Some(name));
        if whole || seen.contains(&key) {
            report.duplicate(&claim, if whole { name.to_owned() } else { key.clone() });
        }
        seen.insert(key);
        if !claims.contains(&name) {
            let mut error = FieldError::not_found(&claim.path, name);
            error.detail = "must be one of the names in pod.spec.resourceClaims".into();
            error.detail +=
                &if claims.is_empty() { " which is empty".to_owned() } else { format!(": {}", claims.join(", ")) };
            report.push(error);
        }
    }
}

/// `spec.resources` of a pod.
pub(super) fn of_pod(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    if at.has("claims") {
        report.forbidden(&at.child("claims"), "claims may not be set for Resources at pod-level");
    }
    for list in ["limits", "requests"] {
        for (resource, value) in at.child(list).entries() {
            if name(resource, &value, report) && resource != "cpu" && resource != "memory" && !is_huge_page(resource) {
                report.push(FieldError::not_supported(
                    &value.path,
                    resource.as_str(),
                    &["cpu", "hugepages-", "memory"],
                ));
            }
            amount(resource, &value, report);
            huge_page(resource, &value, report);
            if list == "requests" {
                against_limit(resource, &value, &at.child("limits"), &at.child("requests"), report);
            }
        }
    }
    let total = crate::pod::container_requests(pod.spec);
    for (resource, value) in at.child("requests").entries() {
        if let (Some(sum), Some(own)) = (total.get(resource), value.quantity())
            && *sum > own
        {
            report.invalid_value(
                &value,
                own.to_string(),
                format!("must be greater than or equal to aggregate container requests of {sum}"),
            );
        }
    }
    for (i, container) in crate::access::items(&pod.spec["containers"]).iter().enumerate() {
        let limits = At::new(&container["resources"]["limits"], at.path.clone());
        for (resource, limit) in limits.entries() {
            let own = at.child("limits").child(resource).quantity();
            if let (Some(limit), Some(own)) = (limit.quantity(), own)
                && limit > own
            {
                let path = at.path.child("containers").index(i).key(resource).child("limits");
                report.push(FieldError::invalid(
                    &path,
                    limit.to_string(),
                    format!("must be less than or equal to pod limits of {own}"),
                ));
            }
        }
    }
}
