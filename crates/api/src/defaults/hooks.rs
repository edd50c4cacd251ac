//! Defaults that depend on other fields, by type.

use super::{Fields, pod};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The function of a type, if it has one.
pub(super) fn find(ty: &str) -> Option<fn(&mut Fields)> {
    let hook: fn(&mut Fields) = match ty {
        "core.v1.Pod" => pod::pod,
        "core.v1.PodSpec" => pod::spec,
        "core.v1.PodStatus" => pod::status,
        "core.v1.Container" | "core.v1.EphemeralContainer" => pod::container,
        "core.v1.Volume" => pod::volume,
        "core.v1.Service" => service,
        "core.v1.Namespace" => namespace,
        "core.v1.NodeSpec" => node_spec,
        "core.v1.NodeStatus" => node_status,
        "core.v1.Secret" => secret,
        "core.v1.PersistentVolume" => persistent_volume,
        "core.v1.ReplicationController" => replication_controller,
        "core.v1.LimitRangeItem" => limit_range_item,
        "apps.v1.DeploymentStrategy" => deployment_strategy,
        "apps.v1.DaemonSetUpdateStrategy" => daemon_set_strategy,
        "apps.v1.StatefulSetSpec" => stateful_set,
        "apps.v1.StatefulSetUpdateStrategy" => stateful_set_strategy,
        "batch.v1.Job" => job,
        "networking.v1.NetworkPolicySpec" => network_policy,
        "rbac.v1.Subject" => subject,
        "autoscaling.v2.HorizontalPodAutoscalerSpec" => autoscaler,
        "autoscaling.v2.HorizontalPodAutoscalerBehavior" => autoscaler_behavior,
        "autoscaling.v1.HorizontalPodAutoscalerSpec" => autoscaler_v1,
        "storage.v1.CSIDriverSpec" => csi_driver,
        "resource.v1.ExactDeviceRequest" | "resource.v1.DeviceSubRequest" => device_request,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition" => custom_definition,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec" => {
            custom_definition_spec
        }
        _ => return None,
    };
    Some(hook)
}

/// Sets a field that is absent, `null` or the empty string.
pub(super) fn fill(fields: &mut Fields, name: &str, value: Value) {
    if is_unset(fields, name) {
        fields.insert(name.to_owned(), value);
    }
}

fn is_unset(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_none_or(|v| v.is_null() || v == "")
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A struct below, made when absent.
fn below<'a>(fields: &'a mut Fields, name: &str) -> Option<&'a mut Fields> {
    let value = fields.entry(name).or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

fn service(object: &mut Fields) {
    let Some(spec) = below(object, "spec") else { return };
    fill(spec, "sessionAffinity", "None".into());
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let known = spec.get("sessionAffinityConfig").and_then(|c| c.pointer("/clientIP/timeoutSeconds"));
            if known.is_none_or(Value::is_null) {
                spec.insert("sessionAffinityConfig".into(), json!({"clientIP": {"timeoutSeconds": 10800}}));
            }
        }
        _ => {}
    }
    fill(spec, "type", "ClusterIP".into());
    for port in
        spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
    {
        if port.get("targetPort").is_none_or(|t| *t == 0 || t == "" || t.is_null()) {
            let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
            port.insert("targetPort".into(), number);
        }
    }
    let kind = text(spec, "type").to_owned();
    let external_ips = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|a| !a.is_empty());
    if kind == "NodePort" || kind == "LoadBalancer" || (kind == "ClusterIP" && external_ips) {
        fill(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") && !spec.contains_key("internalTrafficPolicy")
    {
        spec.insert("internalTrafficPolicy".into(), "Cluster".into());
    }
    if kind == "LoadBalancer" {
        spec.entry("allocateLoadBalancerNodePorts").or_insert(true.into());
        let ingress = object.get_mut("status").and_then(|s| s.pointer_mut("/loadBalancer/ingress"));
        for point in ingress.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
            if !text(point, "ip").is_empty() {
                point.entry("ipMode").or_insert("VIP".into());
            }
        }
    }
}

/// Every namespace can be selected by its name.
fn namespace(object: &mut Fields) {
    let name = object.get("metadata").and_then(|m| m["name"].as_str()).unwrap_or_default().to_owned();
    if name.is_empty() {
        return;
    }
    if let Some(labels) = below(object, "metadata").and_then(|meta| below(meta, "labels")) {
        labels.insert("kubernetes.io/metadata.name".into(), name.into());
    }
}

/// `podCIDR` is the first of `podCIDRs`; where they differ, the older field wins.
fn node_spec(spec: &mut Fields) {
    let one = text(spec, "podCIDR").to_owned();
    let first = spec.get("podCIDRs").and_then(|c| c[0].as_str()).unwrap_or_default().to_owned();
    if !one.is_empty() && one != first {
        spec.insert("podCIDRs".into(), json!([one]));
    } else if one.is_empty() && !first.is_empty() {
        spec.insert("podCIDR".into(), first.into());
    }
}

/// What was sent as text is kept as data, and wins.
fn secret(object: &mut Fields) {
    let Some(Value::Object(texts)) = object.remove("stringData") else { return };
    if let Some(data) = below(object, "data") {
        for (key, value) in texts {
            data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
}

/// Of a volume that is an object, not of one inside an attachment.
fn persistent_volume(object: &mut Fields) {
    if let Some(spec) = below(object, "spec") {
        fill(spec, "persistentVolumeReclaimPolicy", "Retain".into());
        spec.entry("volumeMode").or_insert("Filesystem".into());
    }
}

/// Claims of a template say what they are.
fn stateful_set(spec: &mut Fields) {
    for claim in spec
        .get_mut("volumeClaimTemplates")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        fill(claim, "apiVersion", "v1".into());
        fill(claim, "kind", "PersistentVolumeClaim".into());
    }
}

fn node_status(status: &mut Fields) {
    if let (None, Some(capacity)) = (status.get("allocatable"), status.get("capacity").cloned()) {
        status.insert("allocatable".into(), capacity);
    }
}

fn replication_controller(object: &mut Fields) {
    let labels = object.get("spec").and_then(|s| s.pointer("/template/metadata/labels")).cloned();
    let Some(labels) = labels else { return };
    if let Some(spec) = below(object, "spec") {
        fill(spec, "selector", labels.clone());
    }
    if let Some(meta) = below(object, "metadata") {
        fill(meta, "labels", labels);
    }
}

fn limit_range_item(item: &mut Fields) {
    if text(item, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        let source = item.get(from).and_then(Value::as_object).cloned().unwrap_or_default();
        if source.is_empty() {
            continue;
        }
        if let Some(target) = below(item, to) {
            for (key, value) in source {
                target.entry(key).or_insert(value);
            }
        }
    }
}

fn rolling(strategy: &mut Fields, fields: &[(&str, Value)]) {
    if text(strategy, "type") != "RollingUpdate" {
        return;
    }
    if let Some(rolling) = below(strategy, "rollingUpdate") {
        for (name, value) in fields {
            rolling.entry(*name).or_insert_with(|| value.clone());
        }
    }
}

fn deployment_strategy(strategy: &mut Fields) {
    rolling(strategy, &[("maxUnavailable", "25%".into()), ("maxSurge", "25%".into())]);
}

fn daemon_set_strategy(strategy: &mut Fields) {
    rolling(strategy, &[("maxUnavailable", 1.into()), ("maxSurge", 0.into())]);
}

fn stateful_set_strategy(strategy: &mut Fields) {
    if text(strategy, "type").is_empty() {
        strategy.insert("type".into(), "RollingUpdate".into());
        below(strategy, "rollingUpdate");
    }
    // A strategy that names its type but has no parameters keeps having none.
    if strategy.contains_key("rollingUpdate") {
        rolling(strategy, &[("partition", 0.into()), ("maxUnavailable", 1.into())]);
    }
}

fn job(object: &mut Fields) {
    let labels = object.get("spec").and_then(|s| s.pointer("/template/metadata/labels")).cloned();
    if let (Some(labels), Some(meta)) = (labels, below(object, "metadata")) {
        fill(meta, "labels", labels);
    }
    if let Some(spec) = below(object, "spec") {
        job_spec(spec);
    }
}

/// Of a job, not of the template that a cron job has.
fn job_spec(spec: &mut Fields) {
    if !spec.contains_key("parallelism") {
        if !spec.contains_key("completions") {
            spec.insert("completions".into(), 1.into());
        }
        spec.insert("parallelism".into(), 1.into());
    }
    let per_index = spec.contains_key("backoffLimitPerIndex");
    spec.entry("completionMode").or_insert("NonIndexed".into());
    spec.entry("backoffLimit").or_insert(if per_index { i32::MAX.into() } else { 6.into() });
    spec.entry("suspend").or_insert(false.into());
    let failure_policy = spec.contains_key("podFailurePolicy");
    spec.entry("podReplacementPolicy").or_insert(if failure_policy {
        "Failed".into()
    } else {
        "TerminatingOrFailed".into()
    });
    spec.entry("manualSelector").or_insert(false.into());
}

fn network_policy(spec: &mut Fields) {
    let list = |name: &str, spec: &Fields| spec.get(name).and_then(Value::as_array).is_some_and(|a| !a.is_empty());
    if !list("policyTypes", spec) {
        let types = if list("egress", spec) { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".into(), types);
    }
}

fn subject(subject: &mut Fields) {
    if matches!(text(subject, "kind"), "User" | "Group") {
        fill(subject, "apiGroup", "rbac.authorization.k8s.io".into());
    }
}

fn autoscaler(spec: &mut Fields) {
    if spec.get("metrics").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec.insert("metrics".into(), json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
}

fn autoscaler_v1(spec: &mut Fields) {
    spec.entry("targetCPUUtilizationPercentage").or_insert(80.into());
}

fn autoscaler_behavior(behavior: &mut Fields) {
    if let Some(up) = below(behavior, "scaleUp") {
        up.entry("stabilizationWindowSeconds").or_insert(0.into());
        up.entry("selectPolicy").or_insert("Max".into());
        up.entry("policies").or_insert_with(|| json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]));
    }
    if let Some(down) = below(behavior, "scaleDown") {
        down.entry("selectPolicy").or_insert("Max".into());
        down.entry("policies").or_insert_with(|| json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
    }
}

fn csi_driver(spec: &mut Fields) {
    if spec.get("volumeLifecycleModes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        spec.insert("volumeLifecycleModes".into(), json!(["Persistent"]));
    }
}

fn device_request(request: &mut Fields) {
    fill(request, "allocationMode", "ExactCount".into());
    if text(request, "allocationMode") == "ExactCount" {
        request.entry("count").or_insert(1.into());
    }
}

fn custom_definition(object: &mut Fields) {
    let versions = object.get("spec").and_then(|s| s["versions"].as_array());
    let stored = versions
        .into_iter()
        .flatten()
        .find(|v| v["storage"] == true)
        .and_then(|v| v["name"].as_str())
        .map(str::to_owned);
    let Some(stored) = stored else { return };
    if let Some(status) = below(object, "status")
        && status.get("storedVersions").and_then(Value::as_array).is_none_or(Vec::is_empty)
    {
        status.insert("storedVersions".into(), json!([stored]));
    }
}

fn custom_definition_spec(spec: &mut Fields) {
    if let Some(names) = below(spec, "names") {
        let kind = text(names, "kind").to_owned();
        fill(names, "singular", kind.to_lowercase().into());
        if !kind.is_empty() {
            fill(names, "listKind", format!("{kind}List").into());
        }
    }
    spec.entry("conversion").or_insert_with(|| json!({"strategy": "None"}));
}
