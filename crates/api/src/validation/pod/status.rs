//! Status of pods.

use crate::access::{items, text, whole};
use crate::validation::cursor::{At, Report};
use serde_json::Value;

/// An update through `status`.
pub(in crate::validation) fn update(new: &Value, old: &Value, report: &mut Report) {
    super::update::annotations(new, old, report);
    let status = At::root(new, "status");
    for condition in status.child("conditions").items() {
        let generation = condition.child("observedGeneration");
        if generation.whole() < 0 {
            report.invalid(&generation, "must be a non-negative integer");
        }
        let kind = At::new(condition.field("type"), condition.path.child("Type"));
        if !["PodScheduled", "Ready", "Initialized"].contains(&kind.text()) {
            report.qualified(&kind);
        }
    }
    if new["spec"]["nodeName"] != old["spec"]["nodeName"] {
        report.forbidden(&status.child("nodeName"), "may not be changed directly");
    }
    nominated(&status.child("nominatedNodeName"), old, report);
    report.immutable(&status.child("qosClass"), &old["status"]["qosClass"]);
    for (list, containers) in [
        ("containerStatuses", "containers"),
        ("initContainerStatuses", "initContainers"),
        ("ephemeralContainerStatuses", ""),
    ] {
        transitions(&status.child(list), &old["status"][list], &old["spec"], containers, report);
    }
    addresses(&status, "podIP", "podIPs", report);
    addresses(&status, "hostIP", "hostIPs", report);
}

fn nominated(at: &At<'_>, old: &Value, report: &mut Report) {
    if at.text().is_empty() || *at.value == old["status"]["nominatedNodeName"] {
        return;
    }
    report.subdomain(at);
    if !text(&old["spec"]["nodeName"]).is_empty() {
        report.forbidden(at, "may not be set on pods that are already bound to a node");
    }
}

/// What has ended stays ended, unless it may start again.
fn transitions(at: &At<'_>, old: &Value, spec: &Value, containers: &str, report: &mut Report) {
    let all = items(&spec["containers"]).iter().chain(items(&spec["initContainers"]));
    let mut rules = all.flat_map(|c| items(&c["restartPolicyRules"]));
    if !containers.is_empty() && rules.any(|r| r["action"] == "RestartAllContainers") {
        return;
    }
    for (i, was) in items(old).iter().enumerate() {
        let ended = &was["state"]["terminated"];
        if ended.is_null() {
            continue;
        }
        let runs_again =
            items(at.value).iter().any(|now| now["name"] == was["name"] && now["state"]["terminated"].is_null());
        let container = items(&spec[containers]).iter().find(|c| c["name"] == was["name"]);
        let allowed =
            container.is_some_and(|c| may_restart(c, spec, containers == "initContainers", whole(&ended["exitCode"])));
        if runs_again && !allowed {
            let state = at.path.index(i).child("state");
            report.push(apimachinery::field::FieldError::forbidden(
                &state,
                "may not be transitioned to non-terminated state",
            ));
        }
    }
}

fn may_restart(container: &Value, spec: &Value, init: bool, code: i64) -> bool {
    for rule in items(&container["restartPolicyRules"]) {
        let hit = items(&rule["exitCodes"]["values"]).iter().any(|v| v.as_i64() == Some(code));
        if hit == (rule["exitCodes"]["operator"] == "In") {
            return true;
        }
    }
    let policy = container["restartPolicy"].as_str().unwrap_or_else(|| text(&spec["restartPolicy"]));
    // An init container of a pod that always restarts runs again with its pod.
    match policy {
        "Always" => true,
        "OnFailure" => code != 0 || init && spec["restartPolicy"] == "Always",
        _ => false,
    }
}

fn addresses(status: &At<'_>, one: &str, many: &str, report: &mut Report) {
    let list = status.child(many);
    let ips: Vec<&str> = items(list.value).iter().map(|i| text(&i["ip"])).collect();
    for entry in list.items() {
        report.ip(&At::new(entry.field("ip"), entry.path.clone()));
    }
    let six = ips.iter().filter(|ip| ip.contains(':')).count();
    if ips.len() > 2 || ips.len() == 2 && six != 1 {
        report.invalid(&list, "may specify no more than one IP for each IP family");
    }
    let single = status.get(one);
    let entry = At::new(list.value, list.path.index(0).child("ip"));
    match ips.first() {
        Some(first) if *first != single && (many != "podIPs" || !single.is_empty()) => {
            report.invalid_value(&entry, *first, format!("must be equal to `{one}`"));
        }
        first if many == "podIPs" && first.is_some() == single.is_empty() => {
            report.invalid(&list, "podIP and podIPs must either both be set or both be unset");
        }
        _ => {}
    }
}
