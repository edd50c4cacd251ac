//! Pods and pod templates.

mod affinity;
mod container;
mod env;
mod handler;
mod projected;
pub(in crate::validation) mod resize;
pub(in crate::validation) mod resources;
mod security;
mod spread;
pub(in crate::validation) mod status;
pub(in crate::validation) mod tolerations;
pub(in crate::validation) mod update;
mod volume;

use super::cursor::{At, Report};
use super::{labels, meta};
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeMap;

/// The sound volumes of a pod by name.
pub(super) type Volumes<'v> = BTreeMap<&'v str, &'v Value>;

/// What checks below a pod's spec need to know of the whole.
pub(super) struct Pod<'v> {
    spec: &'v Value,
    /// Metadata of a pod; a template has none that matters.
    meta: Option<&'v Value>,
    volumes: Volumes<'v>,
    claims: Vec<&'v str>,
    grace: Option<i64>,
    host_users: bool,
}

/// A new pod.
pub(super) fn create(object: &Value, report: &mut Report) {
    metadata_and_spec(object, report);
    let spec = At::root(object, "spec");
    if spec.child("ephemeralContainers").count() > 0 {
        report.forbidden(&spec.child("ephemeralContainers"), "cannot be set on create");
    }
    if !spec.get("nodeName").is_empty() && spec.child("schedulingGates").count() > 0 {
        report.forbidden(&spec.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
}

/// What holds for a pod whenever it is written; metadata proper is checked by the caller.
pub(super) fn metadata_and_spec(object: &Value, report: &mut Report) {
    let spec_at = At::root(object, "spec");
    annotations(&At::root(object, "metadata").child("annotations"), spec_at.value, report);
    spec(&spec_at, Some(&object["metadata"]), report);
    if spec_at.get("serviceAccountName").is_empty() {
        for volume in spec_at.child("volumes").items() {
            for source in volume.child("projected").child("sources").items() {
                if source.has("serviceAccountToken") {
                    report.forbidden(
                        &source.child("serviceAccountToken"),
                        "must not be specified when serviceAccountName is not set",
                    );
                }
            }
        }
    }
    report.nonnegative(&spec_at.child("terminationGracePeriodSeconds"));
    for list in ["containers", "initContainers"] {
        spec_at.child(list).items().for_each(|c| container::only_for_pod(&c, report));
    }
}

/// A `PodTemplateSpec`.
pub(super) fn template(at: &At<'_>, report: &mut Report) {
    let metadata = at.child("metadata");
    // Upstream's paths leave out `metadata` here.
    let moved = |field: &str| At::new(metadata.field(field), at.path.child(field));
    labels::labels(&moved("labels"), report);
    meta::annotations(&moved("annotations"), report);
    annotations(&moved("annotations"), at.field("spec"), report);
    let spec_at = at.child("spec");
    spec(&spec_at, None, report);
    if spec_at.child("ephemeralContainers").count() > 0 {
        report.forbidden(&spec_at.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

fn annotations(at: &At<'_>, spec: &Value, report: &mut Report) {
    for (key, value) in at.entries() {
        match key.as_str() {
            "kubernetes.io/config.mirror" if crate::access::text(&spec["nodeName"]).is_empty() => {
                report.invalid(&value, "must set spec.nodeName if mirror pod annotation is set")
            }
            "controller.kubernetes.io/pod-deletion-cost" => {
                let text = value.text();
                let plain = text.parse::<i32>().is_ok()
                    && !text.starts_with('+')
                    && (text == "0" || !text.trim_start_matches('-').starts_with('0'));
                if !plain {
                    report.invalid(&value, "must be a 32bit integer");
                }
            }
            _ => {}
        }
    }
}

/// A `PodSpec`.
fn spec(at: &At<'_>, meta: Option<&Value>, report: &mut Report) {
    let grace = at.child("terminationGracePeriodSeconds");
    if grace.is_absent() {
        report.required(&grace, "");
    }
    let volumes = volume::volumes(&at.child("volumes"), meta, report);
    let claims = resource_claims(&at.child("resourceClaims"), report);
    let host_users = at.field("hostUsers").as_bool().unwrap_or(true);
    let pod = Pod { spec: at.value, meta, volumes, claims, grace: grace.value.as_i64(), host_users };
    container::containers(&pod, &at.child("containers"), report);
    container::init_containers(&pod, &at.child("initContainers"), report);
    container::ephemeral(&pod, &at.child("ephemeralContainers"), report);
    if at.has("resources") {
        resources::of_pod(&pod, &at.child("resources"), report);
    }
    host_network_ports(&pod, at, report);
    report.one_of(&at.child("restartPolicy"), &["Always", "OnFailure", "Never"]);
    report.one_of(&at.child("dnsPolicy"), &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    labels::labels(&at.child("nodeSelector"), report);
    security::of_pod(at, report);
    pull_secrets(&at.child("imagePullSecrets"), report);
    affinity::affinity(&at.child("affinity"), report);
    dns_config(at, report);
    gates(at, report);
    spread::constraints(&at.child("topologySpreadConstraints"), report);
    host_users_rules(&pod, at, report);
    host_name(at, report);
    names_in_spec(at, report);
    tolerations::tolerations(&at.child("tolerations"), report);
    host_aliases(&at.child("hostAliases"), report);
    classes(at, report);
    operating_system(at, report);
    file_keys(&pod, at, report);
}

fn resource_claims<'v>(at: &At<'v>, report: &mut Report) -> Vec<&'v str> {
    let mut known = Vec::new();
    for claim in at.items() {
        let name = claim.child("name");
        if name.text().is_empty() {
            report.required(&name, "");
        } else if known.contains(&name.text()) {
            report.duplicate(&name, name.text());
        } else {
            report.label(&name);
            known.push(name.text());
        }
        match (claim.has("resourceClaimName"), claim.has("resourceClaimTemplateName")) {
            (true, true) => report
                .invalid(&claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
            (false, false) => {
                report.invalid(&claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
            }
            _ => {}
        }
        for field in ["resourceClaimName", "resourceClaimTemplateName"] {
            if claim.has(field) {
                report.subdomain(&claim.child(field));
            }
        }
    }
    known
}

fn host_network_ports(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    if !at.flag("hostNetwork") {
        return;
    }
    for container in at.child("containers").items() {
        for port in container.child("ports").items() {
            let host = port.child("hostPort");
            if (pod.meta.is_some() || host.whole() != 0) && host.whole() != port.child("containerPort").whole() {
                report.invalid_value(&host, host.whole(), "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

fn pull_secrets(at: &At<'_>, report: &mut Report) {
    for secret in at.items() {
        if secret.value.as_object().is_some_and(|o| o.keys().any(|k| k != "name")) {
            report.invalid(&secret, "only name may be set");
        }
    }
}

fn dns_config(at: &At<'_>, report: &mut Report) {
    let config = at.child("dnsConfig");
    let servers = config.child("nameservers");
    if at.get("dnsPolicy") == "None" {
        if config.is_absent() {
            report.required(&config, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        if servers.count() == 0 {
            report.required(&servers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
            return;
        }
    }
    if servers.count() > 3 {
        report.invalid(&servers, "must not have more than 3 nameservers");
    }
    servers.items().for_each(|s| report.ip(&s));
    let searches = config.child("searches");
    if searches.count() > 32 {
        report.invalid(&searches, "must not have more than 32 search paths");
    }
    let length: usize = searches.items().map(|s| s.text().len() + 1).sum();
    if length > 2049 {
        report.invalid(&searches, "must not have more than 2048 characters (including spaces) in the search list");
    }
    for search in searches.items().filter(|s| s.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        for message in names::dns1123_subdomain_with_underscore(name) {
            report.invalid_value(&search, name, message);
        }
    }
    for option in config.child("options").items() {
        if option.get("name").is_empty() {
            report.required(&option, "must not be empty");
        }
    }
}

fn gates(at: &At<'_>, report: &mut Report) {
    at.child("readinessGates").items().for_each(|g| report.qualified(&g.child("conditionType")));
    let mut seen = Vec::new();
    for gate in at.child("schedulingGates").items() {
        let name = gate.get("name");
        for message in names::qualified_name(name) {
            report.invalid_value(&gate, name, message);
        }
        if seen.contains(&name) {
            report.duplicate(&gate, name);
        }
        seen.push(name);
    }
}

fn host_users_rules(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    if pod.host_users {
        return;
    }
    for (field, path) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if at.flag(field) {
            report.push(FieldError::forbidden(&at.path.child(path), "when `hostUsers` is false"));
        }
    }
}

fn host_name(at: &At<'_>, report: &mut Report) {
    let name = at.child("hostnameOverride");
    if name.is_absent() {
        return;
    }
    if at.flag("setHostnameAsFQDN") {
        report.forbidden(&name, "may not be specified when setHostnameAsFQDN is true");
    }
    if at.flag("hostNetwork") {
        report.forbidden(&name, "may not be specified when hostNetwork is true");
    }
    if name.text().len() > 64 {
        report.too_long(&name, 64);
    }
    report.subdomain(&name);
}

fn names_in_spec(at: &At<'_>, report: &mut Report) {
    let account = at.child("serviceAccountName");
    if !account.text().is_empty() {
        report.subdomain(&account);
    }
    let deprecated = at.get("serviceAccount");
    if deprecated != account.text() {
        let path = at.path.child("deprecatedServiceAccount");
        report.push(FieldError::invalid(
            &path,
            deprecated,
            format!("must be the same as serviceAccountName: {:?}", account.text()),
        ));
    }
    let node = at.child("nodeName");
    if !node.text().is_empty() {
        report.subdomain(&node);
    }
    let deadline = at.child("activeDeadlineSeconds");
    if !deadline.is_absent() {
        report.messages(&deadline, names::in_range(deadline.whole(), 1, i64::from(i32::MAX)));
    }
    for field in ["hostname", "subdomain"] {
        let name = at.child(field);
        if !name.text().is_empty() {
            report.label(&name);
        }
    }
}

fn host_aliases(at: &At<'_>, report: &mut Report) {
    for alias in at.items() {
        report.ip(&alias.child("ip"));
        alias.child("hostnames").items().for_each(|name| report.subdomain(&name));
    }
}

fn classes(at: &At<'_>, report: &mut Report) {
    let priority = at.child("priorityClassName");
    if !priority.text().is_empty() {
        report.subdomain(&priority);
    }
    if at.has("runtimeClassName") {
        report.subdomain(&at.child("runtimeClassName"));
    }
    let preemption = at.child("preemptionPolicy");
    if !preemption.is_absent() {
        report.one_of(&preemption, &["PreemptLowerPriority", "Never"]);
    }
    for (name, amount) in at.child("overhead").entries() {
        let path = at.path.child("overhead").child("limits").key(name);
        resources::container_amount(name, &At::new(amount.value, path), report);
    }
}

fn operating_system(at: &At<'_>, report: &mut Report) {
    let os = at.child("os");
    if os.is_absent() {
        return;
    }
    match os.get("name") {
        "" => report.required(&os.child("name"), ""),
        "linux" => {
            let windows = |at: At<'_>, report: &mut Report| {
                if at.has("windowsOptions") {
                    report.forbidden(&at.child("windowsOptions"), "windows options cannot be set for a linux pod");
                }
            };
            windows(at.child("securityContext"), report);
            for list in ["initContainers", "containers", "ephemeralContainers"] {
                at.child(list).items().for_each(|c| windows(c.child("securityContext"), report));
            }
        }
        "windows" => {}
        other => report.push(FieldError::not_supported(&os.path, other, &["linux", "windows"])),
    }
}

/// A variable from a file needs an emptyDir to read from.
fn file_keys(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in at.child(list).items() {
            for variable in container.child("env").items() {
                let name = variable.down(&["valueFrom", "fileKeyRef", "volumeName"]);
                if name.is_absent() {
                    continue;
                }
                let volume = crate::access::items(&pod.spec["volumes"]).iter().find(|v| v["name"] == *name.value);
                match volume {
                    None => report.not_found(&name, name.text()),
                    Some(v) if v["emptyDir"].is_null() => {
                        report.invalid(&name, "referenced volume must be of type emptyDir")
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
