//! Controllers of pods, and what stands beside them.

use super::{Of, Printer, containers, labels, or, selector};
use crate::access::{condition_is_true, count, items, text, whole};
use apimachinery::time;
use serde_json::Value;

pub(super) fn find(kind: &str) -> Option<Printer> {
    let printer: Printer = match kind {
        "Deployment" => deployment,
        "ReplicaSet" => replica_set,
        "ReplicationController" => replication_controller,
        "StatefulSet" => stateful_set,
        "DaemonSet" => daemon_set,
        "Job" => job,
        "CronJob" => cron_job,
        "ControllerRevision" => controller_revision,
        "HorizontalPodAutoscaler" => autoscaler,
        "PodDisruptionBudget" => disruption_budget,
        "PodTemplate" => pod_template,
        _ => return None,
    };
    Some(printer)
}

fn with(mut cells: Vec<Value>, containers: [Value; 2], selector: Option<String>) -> Vec<Value> {
    cells.extend(containers);
    cells.extend(selector.map(Value::from));
    cells
}

fn deployment(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let ready = format!("{}/{}", whole(&status["readyReplicas"]), whole(&spec["replicas"]));
    let cells = vec![
        of.name(),
        ready.into(),
        whole(&status["updatedReplicas"]).into(),
        whole(&status["availableReplicas"]).into(),
        of.age(),
    ];
    with(cells, containers(&spec["template"]), Some(selector(&spec["selector"], "", "<invalid>")))
}

fn replicas(of: Of<'_>) -> Vec<Value> {
    let status = of.status();
    vec![
        of.name(),
        whole(&of.spec()["replicas"]).into(),
        whole(&status["replicas"]).into(),
        whole(&status["readyReplicas"]).into(),
        of.age(),
    ]
}

fn replica_set(of: Of<'_>) -> Vec<Value> {
    with(replicas(of), containers(&of.spec()["template"]), Some(selector(&of.spec()["selector"], "<none>", "<error>")))
}

fn replication_controller(of: Of<'_>) -> Vec<Value> {
    with(replicas(of), containers(&of.spec()["template"]), Some(labels(&of.spec()["selector"])))
}

fn stateful_set(of: Of<'_>) -> Vec<Value> {
    let ready = format!("{}/{}", whole(&of.status()["readyReplicas"]), whole(&of.spec()["replicas"]));
    with(vec![of.name(), ready.into(), of.age()], containers(&of.spec()["template"]), None)
}

fn daemon_set(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let mut cells = vec![of.name()];
    let counts = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    cells.extend(counts.map(|c| whole(&status[c]).into()));
    cells.extend([labels(&spec["template"]["spec"]["nodeSelector"]).into(), of.age()]);
    with(cells, containers(&spec["template"]), Some(selector(&spec["selector"], "<none>", "<error>")))
}

fn job(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let (done, parallelism) = (whole(&status["succeeded"]), whole(&spec["parallelism"]));
    let completions = match spec["completions"].as_i64() {
        Some(wanted) => format!("{done}/{wanted}"),
        None if parallelism > 1 => format!("{done}/1 of {parallelism}"),
        None => format!("{done}/1"),
    };
    let start = time::parse(text(&status["startTime"]));
    let end = time::parse(text(&status["completionTime"])).unwrap_or(of.now);
    let duration = start.map(|start| super::human(start, end)).unwrap_or_default();
    let is = |kind: &str| condition_is_true(of.object, kind);
    let state = match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if of.is_being_deleted() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    };
    let cells = vec![of.name(), state.into(), completions.into(), duration.into(), of.age()];
    with(cells, containers(&spec["template"]), Some(selector(&spec["selector"], "<none>", "<error>")))
}

fn cron_job(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let suspend = match spec["suspend"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = &status["lastScheduleTime"];
    let last = if last.is_null() { "<none>".into() } else { of.since(last) };
    let cells = vec![
        of.name(),
        spec["schedule"].clone(),
        or(&spec["timeZone"], "<none>").into(),
        suspend.into(),
        count(&status["active"]).into(),
        last.into(),
        of.age(),
    ];
    let template = &spec["jobTemplate"]["spec"];
    with(cells, containers(&template["template"]), Some(selector(&template["selector"], "<none>", "<error>")))
}

fn controller_revision(of: Of<'_>) -> Vec<Value> {
    let owner = items(&of.object["metadata"]["ownerReferences"]).iter().find(|o| o["controller"] == true);
    let owner = owner.map_or_else(
        || "<none>".into(),
        |o| {
            let group = text(&o["apiVersion"]).rsplit_once('/').map_or(String::new(), |(g, _)| format!(".{g}"));
            format!("{}{group}/{}", text(&o["kind"]).to_lowercase(), text(&o["name"]))
        },
    );
    vec![of.name(), owner.into(), of.object["revision"].clone(), of.age()]
}

/// One metric: what is measured and what is wanted.
fn metric(spec: &Value, current: &Value) -> String {
    let kind = text(&spec["type"]);
    let part = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".into(),
    };
    let (spec, now) = (&spec[part], &current[part]["current"]);
    let target = &spec["target"];
    let named = matches!(part, "resource" | "containerResource");
    let name = if named { format!("{}: ", text(&spec["name"])) } else { String::new() };
    if !target["averageValue"].is_null() {
        let note = if matches!(part, "external" | "object") { " (avg)" } else { "" };
        return format!("{name}{}/{}{note}", or(&now["averageValue"], "<unknown>"), text(&target["averageValue"]));
    }
    if named {
        let percent = |v: &Value, none: &str| v.as_i64().map_or_else(|| none.to_owned(), |p| format!("{p}%"));
        return format!(
            "{name}{}/{}",
            percent(&now["averageUtilization"], "<unknown>"),
            percent(&target["averageUtilization"], "<auto>")
        );
    }
    format!("{}/{}", or(&now["value"], "<unknown>"), text(&target["value"]))
}

fn autoscaler(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let target = &spec["scaleTargetRef"];
    let metrics: Vec<String> = if let Some(percent) = spec["targetCPUUtilizationPercentage"].as_i64() {
        let now =
            status["currentCPUUtilizationPercentage"].as_i64().map_or_else(|| "<unknown>".into(), |p| format!("{p}%"));
        vec![format!("cpu: {now}/{percent}%")]
    } else {
        items(&spec["metrics"]).iter().enumerate().map(|(i, m)| metric(m, &status["currentMetrics"][i])).collect()
    };
    let shown = metrics.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
    let shown = match metrics.len() {
        0 => "<none>".into(),
        1 | 2 => shown,
        n => format!("{shown} + {} more...", n - 2),
    };
    let least = spec["minReplicas"].as_i64().map_or_else(|| "<unset>".into(), |n| n.to_string());
    vec![
        of.name(),
        format!("{}/{}", text(&target["kind"]), text(&target["name"])).into(),
        shown.into(),
        least.into(),
        whole(&spec["maxReplicas"]).into(),
        whole(&status["currentReplicas"]).into(),
        of.age(),
    ]
}

fn disruption_budget(of: Of<'_>) -> Vec<Value> {
    let amount = |v: &Value| match v {
        Value::Null => "N/A".to_owned(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let spec = of.spec();
    vec![
        of.name(),
        amount(&spec["minAvailable"]).into(),
        amount(&spec["maxUnavailable"]).into(),
        whole(&of.status()["disruptionsAllowed"]).into(),
        of.age(),
    ]
}

fn pod_template(of: Of<'_>) -> Vec<Value> {
    let template = &of.object["template"];
    with(vec![of.name()], containers(template), Some(labels(&template["metadata"]["labels"])))
}
