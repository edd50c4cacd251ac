//! Access, admission, flow control, certificates, API extensions.

use super::{Of, Printer, labels, or, selector};
use crate::access::{condition, count, items, text};
use serde_json::Value;

pub(super) fn find(kind: &str) -> Option<Printer> {
    let printer: Printer = match kind {
        "RoleBinding" | "ClusterRoleBinding" => binding,
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            |of| vec![of.name(), count(&of.object["webhooks"]).into(), of.age()]
        }
        "ValidatingAdmissionPolicy" => |of| admission_policy(of, "validations"),
        "MutatingAdmissionPolicy" => |of| admission_policy(of, "mutations"),
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => policy_binding,
        "FlowSchema" => flow_schema,
        "PriorityLevelConfiguration" => priority_level,
        "CertificateSigningRequest" => signing_request,
        "ClusterTrustBundle" => |of| vec![of.name(), or(&of.spec()["signerName"], "<none>").into()],
        "PodCertificateRequest" => pod_certificate,
        "APIService" => api_service,
        "CustomResourceDefinition" => custom_definition,
        _ => return None,
    };
    Some(printer)
}

fn binding(of: Of<'_>) -> Vec<Value> {
    let role = &of.object["roleRef"];
    let subjects = |kind: &str| {
        let list = items(&of.object["subjects"]).iter().filter(|s| s["kind"] == kind).map(|s| match kind {
            "ServiceAccount" => format!("{}/{}", text(&s["namespace"]), text(&s["name"])),
            _ => text(&s["name"]).to_owned(),
        });
        Value::from(list.collect::<Vec<_>>().join(", "))
    };
    vec![
        of.name(),
        format!("{}/{}", text(&role["kind"]), text(&role["name"])).into(),
        of.age(),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}

fn admission_policy(of: Of<'_>, list: &str) -> Vec<Value> {
    let kind = &of.spec()["paramKind"];
    let kind = if kind.is_null() {
        "<unset>".into()
    } else {
        format!("{}/{}", text(&kind["apiVersion"]), text(&kind["kind"]))
    };
    vec![of.name(), count(&of.spec()[list]).into(), kind.into(), of.age()]
}

fn policy_binding(of: Of<'_>) -> Vec<Value> {
    let parameter = &of.spec()["paramRef"];
    let shown = match text(&parameter["name"]) {
        "" if parameter["selector"].is_null() => "<unset>".into(),
        "" => selector(&parameter["selector"], "", "<error>"),
        name => format!("{}/{name}", or(&parameter["namespace"], "*")),
    };
    vec![of.name(), text(&of.spec()["policyName"]).into(), shown.into(), of.age()]
}

fn flow_schema(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let dangling = condition(of.object, "Dangling").map_or("?", |c| text(&c["status"]));
    vec![
        of.name(),
        text(&spec["priorityLevelConfiguration"]["name"]).into(),
        spec["matchingPrecedence"].clone(),
        or(&spec["distinguisherMethod"]["type"], "<none>").into(),
        of.age(),
        dangling.into(),
    ]
}

fn priority_level(of: Of<'_>) -> Vec<Value> {
    let (spec, none) = (of.spec(), Value::from("<none>"));
    let limited = &spec["limited"];
    let queuing = &limited["limitResponse"]["queuing"];
    let cell = |v: &Value| if v.is_null() { none.clone() } else { v.clone() };
    vec![
        of.name(),
        text(&spec["type"]).into(),
        cell(&limited["nominalConcurrencyShares"]),
        cell(&queuing["queues"]),
        cell(&queuing["handSize"]),
        cell(&queuing["queueLengthLimit"]),
        of.age(),
    ]
}

fn signing_request(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let has = |kind: &str| condition(of.object, kind).is_some();
    let mut state = String::from(if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    });
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !text(&of.status()["certificate"]).is_empty() {
        state.push_str(",Issued");
    }
    let lifetime = spec["expirationSeconds"]
        .as_i64()
        .map_or_else(|| "<none>".into(), |s| apimachinery::duration::human(jiff::SignedDuration::from_secs(s)));
    vec![
        of.name(),
        of.age(),
        or(&spec["signerName"], "<none>").into(),
        text(&spec["username"]).into(),
        lifetime.into(),
        state.into(),
    ]
}

fn pod_certificate(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let state = items(&of.status()["conditions"])
        .iter()
        .rev()
        .map(|c| text(&c["type"]))
        .find(|t| matches!(*t, "Issued" | "Denied" | "Failed"));
    let mut cells = vec![of.name()];
    cells.extend(["podName", "serviceAccountName", "nodeName", "signerName"].map(|f| text(&spec[f]).into()));
    cells.extend([state.unwrap_or("Pending").into(), labels(&spec["unverifiedUserAnnotations"]).into()]);
    cells
}

fn api_service(of: Of<'_>) -> Vec<Value> {
    let service = &of.spec()["service"];
    let service = if service.is_null() {
        "Local".into()
    } else {
        format!("{}/{}", text(&service["namespace"]), text(&service["name"]))
    };
    let available = match condition(of.object, "Available") {
        None => "Unknown".to_owned(),
        Some(c) if c["status"] == "True" || text(&c["reason"]).is_empty() => text(&c["status"]).to_owned(),
        Some(c) => format!("{} ({})", text(&c["status"]), text(&c["reason"])),
    };
    vec![of.name(), service.into(), available.into(), of.age()]
}

fn custom_definition(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let served = items(&spec["versions"]).iter().filter(|v| v["served"] == true);
    let mut versions: Vec<String> = served
        .map(|v| format!("{}{}", text(&v["name"]), if v["storage"] == true { "(storage)" } else { "" }))
        .collect();
    versions.sort();
    let versions = versions.join(",");
    let short = items(&spec["names"]["shortNames"]).iter().map(text).collect::<Vec<_>>().join(",");
    vec![
        of.name(),
        text(&spec["scope"]).into(),
        versions.into(),
        of.object["metadata"]["creationTimestamp"].clone(),
        text(&spec["group"]).into(),
        text(&spec["names"]["kind"]).into(),
        short.into(),
        condition(of.object, "Established").is_some_and(|c| c["status"] == "True").into(),
    ]
}
