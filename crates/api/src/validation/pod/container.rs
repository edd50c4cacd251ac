//! Containers of the three kinds.

use super::{Pod, env, handler, resources, security, volume};
use crate::validation::cursor::{At, Report};
use apimachinery::names;
use std::collections::BTreeSet;

/// Upstream's order: the names of the protocols sorted.
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn containers(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    if at.count() == 0 {
        report.required(at, "");
        return;
    }
    let mut seen = BTreeSet::new();
    for container in at.items() {
        common(pod, &container, report);
        let name = container.child("name");
        if !seen.insert(name.text()) {
            report.duplicate(&name, name.text());
        }
        handler::lifecycle(pod, &container.child("lifecycle"), report);
        handler::probes(pod, &container, report);
        restart_rules(&container, report);
    }
    host_ports(at, report);
}

pub(super) fn init_containers(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    let mut seen: BTreeSet<&str> =
        crate::access::items(&pod.spec["containers"]).iter().map(|c| crate::access::text(&c["name"])).collect();
    for container in at.items() {
        common(pod, &container, report);
        if container.has("restartPolicy") || container.child("restartPolicyRules").count() > 0 {
            restart_rules(&container, report);
        }
        let sidecar = container.get("restartPolicy") == "Always";
        let name = container.child("name");
        if seen.contains(name.text()) {
            report.duplicate(&name, name.text());
        } else if !name.text().is_empty() {
            seen.insert(name.text());
        }
        let mut ports = BTreeSet::new();
        unique_host_ports(&container, &mut ports, report);
        if sidecar {
            handler::lifecycle(pod, &container.child("lifecycle"), report);
            handler::probes(pod, &container, report);
            continue;
        }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if container.has(field) {
                report.forbidden(
                    &container.child(field),
                    "may not be set for init containers without restartPolicy=Always",
                );
            }
        }
        for policy in container.child("resizePolicy").items() {
            let restart = policy.child("restartPolicy");
            if restart.text() == "RestartContainer" {
                report.invalid(&restart, "must not be set to 'RestartContainer' for non-sidecar initContainers");
            }
        }
    }
}

/// Fields that an ephemeral container may not have, in the order of the type.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

pub(super) fn ephemeral(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    let list = |field: &str| crate::access::items(&pod.spec[field]).iter().map(|c| crate::access::text(&c["name"]));
    let others: BTreeSet<&str> = list("containers").chain(list("initContainers")).collect();
    let mut seen = others.clone();
    for container in at.items() {
        common(pod, &container, report);
        only_for_pod(&container, report);
        let name = container.child("name");
        if !seen.insert(name.text()) {
            report.duplicate(&name, name.text());
        }
        let target = container.child("targetContainerName");
        if !target.text().is_empty() && !others.contains(target.text()) {
            report.not_found(&target, target.text());
        }
        for field in NOT_EPHEMERAL {
            let value = container.child(field);
            if !value.is_absent() && value.count() > 0 || value.value.is_string() {
                report.forbidden(&value, "cannot be set for an Ephemeral Container");
            }
        }
        for mount in container.child("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"] {
                if !mount.get(field).is_empty() {
                    report.forbidden(&mount.child(field), "cannot be set for an Ephemeral Container");
                }
            }
        }
    }
}

fn common(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    let name = at.child("name");
    if name.text().is_empty() {
        report.required(&name, "");
    } else {
        report.label(&name);
    }
    let image = at.child("image");
    if image.text().is_empty() {
        report.required(&image, "");
    }
    report.one_of(&at.child("terminationMessagePolicy"), &["File", "FallbackToLogsOnError"]);
    ports(&at.child("ports"), report);
    env::env(&at.child("env"), report);
    env::env_from(&at.child("envFrom"), report);
    volume::mounts(pod, at, report);
    volume::devices(pod, at, report);
    report.one_of(&at.child("imagePullPolicy"), &["Always", "IfNotPresent", "Never"]);
    resources::requirements(&at.child("resources"), &pod.claims, report);
    resize_policy(pod, &at.child("resizePolicy"), report);
    security::of_container(pod, &at.child("securityContext"), report);
}

/// What a template does not care about.
pub(super) fn only_for_pod(at: &At<'_>, report: &mut Report) {
    let image = at.child("image");
    if image.text().trim().len() != image.text().len() {
        report.invalid(&image, "must not have leading or trailing whitespace");
    }
}

fn ports(at: &At<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for port in at.items() {
        let name = port.child("name");
        if !name.text().is_empty() {
            let messages = names::port_name(name.text());
            if !messages.is_empty() {
                report.messages(&name, messages);
            } else if !seen.insert(name.text()) {
                report.duplicate(&name, name.text());
            }
        }
        let number = port.child("containerPort");
        if number.whole() == 0 {
            report.required(&number, "");
        } else {
            report.port_number(&number);
        }
        let host = port.child("hostPort");
        if host.whole() != 0 {
            report.port_number(&host);
        }
        report.one_of(&port.child("protocol"), &PROTOCOLS);
    }
}

fn host_ports(at: &At<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    at.items().for_each(|c| unique_host_ports(&c, &mut seen, report));
}

fn unique_host_ports(container: &At<'_>, seen: &mut BTreeSet<String>, report: &mut Report) {
    for port in container.child("ports").items() {
        let host = port.child("hostPort");
        if host.whole() == 0 {
            continue;
        }
        let key = format!("{}/{}/{}", port.get("protocol"), port.get("hostIP"), host.whole());
        if !seen.insert(key.clone()) {
            report.duplicate(&host, key);
        }
    }
}

fn restart_rules(container: &At<'_>, report: &mut Report) {
    let (policy, rules) = (container.child("restartPolicy"), container.child("restartPolicyRules"));
    if policy.is_absent() {
        if rules.count() > 0 {
            report.required(&policy, "must specify restartPolicy when restart rules are used");
        }
    } else if !["Always", "Never", "OnFailure"].contains(&policy.text()) {
        report.not_supported(&policy, &["Always", "Never", "OnFailure"]);
    }
    if rules.count() > 20 {
        report.push(apimachinery::field::FieldError::too_many(&rules.path, rules.count(), 20));
    }
    for rule in rules.items() {
        let action = rule.child("action");
        if !["Restart", "RestartAllContainers"].contains(&action.text()) {
            report.not_supported(&action, &["Restart", "RestartAllContainers"]);
        }
        let codes = rule.child("exitCodes");
        if codes.is_absent() {
            report.required(&codes, "must be specified");
            continue;
        }
        let operator = codes.child("operator");
        if !["In", "NotIn"].contains(&operator.text()) {
            report.not_supported(&operator, &["In", "NotIn"]);
        }
        let values = codes.child("values");
        if values.count() > 255 {
            report.push(apimachinery::field::FieldError::too_many(&values.path, values.count(), 255));
        }
    }
}

fn resize_policy(pod: &Pod<'_>, at: &At<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for policy in at.items() {
        let (resource, restart) = (policy.get("resourceName"), policy.get("restartPolicy"));
        if !seen.insert(resource) {
            report.duplicate(&policy, resource);
        }
        for (value, allowed) in [(resource, ["cpu", "memory"]), (restart, ["NotRequired", "RestartContainer"])] {
            if value.is_empty() {
                report.required(at, "");
            } else if !allowed.contains(&value) {
                report.push(apimachinery::field::FieldError::not_supported(&at.path, value, &allowed));
            }
        }
        if pod.spec["restartPolicy"] == "Never" && restart != "NotRequired" {
            report.invalid_value(at, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }
}
